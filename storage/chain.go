package storage

// Chains tells, within one Commit, which batches build on one that failed (clause
// K4). A version number alone does not: another caller may have made the version
// that the failed batch was to make. Adapters ask it about every batch, in order.
// One that decides again, after a transaction was refused, starts with a new
// Chains and tells it how the batches before ended. The zero Chains is ready for
// use.
type Chains struct{ failed map[link]struct{} }

// link is a version of an account.
type link struct {
	program, member string
	version         int64
}

// Broken reports whether the batch expects a version that a failed batch was to
// make: its outcome is then Conflict, unless it is TooLarge or DuplicateKey.
func (c *Chains) Broken(batch *Batch) bool {
	if len(c.failed) == 0 {
		return false
	}
	for i := range batch.Legs {
		account := &batch.Legs[i].Account
		if _, broken := c.failed[link{batch.Program, account.Member, batch.Legs[i].Expect}]; broken {
			return true
		}
	}
	return false
}

// Ended notes how a batch ended.
func (c *Chains) Ended(batch *Batch, status Status) {
	if status == OK && len(c.failed) == 0 {
		return
	}
	if c.failed == nil {
		c.failed = map[link]struct{}{}
	}
	for i := range batch.Legs {
		account := &batch.Legs[i].Account
		made := link{batch.Program, account.Member, account.Version}
		if status == OK {
			delete(c.failed, made)
		} else {
			c.failed[made] = struct{}{}
		}
	}
}
