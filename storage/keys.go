package storage

import "strconv"

// ScrubbedKey is the key of an operation after [Scrub] emptied it.
func ScrubbedKey(version int64) string {
	return ReservedPrefix + "scrubbed/" + strconv.FormatInt(version, 10)
}

// FreedKey is the key of an operation after [Store.Prune] freed the caller's.
func FreedKey(version int64) string {
	return ReservedPrefix + "freed/" + strconv.FormatInt(version, 10)
}
