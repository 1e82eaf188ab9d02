package loyalty

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"github.com/loyaltykit/loyaltykit/storage"
)

// veiled is a store that keeps the ids of orders, holds and redemptions and the codes of
// vouchers out of keys, which no erasure reaches. A key is a digest; the id itself is
// in the record's document, and goes with it. Whoever looks through it sees ids.
type veiled struct{ storage.Store }

// Unwrap implements storage.Wrapper.
func (v veiled) Unwrap() storage.Store { return v.Store }

// veils reports whether records of a kind have ids of the host's choice.
func veils(kind string) bool {
	switch kind {
	case orderKind, tenderKind, holdKind, gatherKind, redemptionKind:
		return true
	default:
		return false
	}
}

// veiledKey starts keys that are digests. No caller's id has it.
const veiledKey = storage.ReservedPrefix + "v/"

// keyDigestBytes is how many bytes of a digest are a key: of 10¹² orders of a program two
// are alike with a chance of one in 10¹⁹. A key is in a row and in up to four indexes.
const keyDigestBytes = 18

func veiledID(parts ...string) string {
	id := parts[len(parts)-1]
	if strings.HasPrefix(id, veiledKey) {
		return id
	}
	var room [512]byte
	buffer := encoder(room[:0])
	for _, part := range parts {
		buffer = buffer.text(part)
	}
	sum := sha256.Sum256(buffer)
	return encoded(veiledKey, sum[:keyDigestBytes])
}

// encoded is a digest, or a part of one, as text with a prefix.
func encoded(prefix string, digest []byte) string {
	var room [64]byte
	return string(base64.RawURLEncoding.AppendEncode(append(room[:0], prefix...), digest))
}

// Load implements storage.Store.
func (v veiled) Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	asked := slices.Clone(requests)
	for i := range asked {
		veilRequest(&asked[i])
	}
	snaps, err := v.Store.Load(ctx, asked)
	for i := range snaps {
		unveil(snaps[i].Records)
		unveil(snaps[i].DueRecords)
		for k := range snaps[i].Records {
			row := &snaps[i].Records[k]
			if at := slices.Index(asked[i].Records, storage.RecordKey{Kind: row.Kind, ID: row.ID}); at >= 0 {
				row.ID = requests[i].Records[at].ID
			}
		}
		for k := range snaps[i].Claims {
			claim := &snaps[i].Claims[k]
			at := slices.IndexFunc(asked[i].Claims, func(c storage.ClaimKey) bool { return c.Space == claim.Space && c.Key == claim.Key })
			if at >= 0 {
				claim.Key = requests[i].Claims[at].Key
			}
		}
	}
	return snaps, err
}

func veilRequest(request *storage.LoadRequest) {
	if slices.ContainsFunc(request.Records, func(key storage.RecordKey) bool { return veils(key.Kind) }) {
		request.Records = slices.Clone(request.Records)
		for i := range request.Records {
			if key := &request.Records[i]; veils(key.Kind) {
				key.ID = veiledID(request.Program, request.Member, key.Kind, key.ID)
			}
		}
	}
	if len(request.Claims) > 0 {
		request.Claims = slices.Clone(request.Claims)
		for i := range request.Claims {
			request.Claims[i] = veilClaim(request.Program, request.Claims[i])
		}
	}
}

func veilClaim(program string, key storage.ClaimKey) storage.ClaimKey {
	if key.Space == orderSpace || key.Space == voucherSpace {
		key.Key = veiledID(program, key.Space, key.Key)
	}
	return key
}

// Commit implements storage.Store.
func (v veiled) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	stored := slices.Clone(batches)
	for i := range stored {
		veilBatch(&stored[i])
	}
	outcomes, err := v.Store.Commit(ctx, stored)
	for i := range outcomes {
		claim := &outcomes[i].Claim
		for k, change := range stored[i].Claims {
			if change.Space == claim.Space && change.Key == claim.Key {
				claim.Key = batches[i].Claims[k].Key
			}
		}
	}
	return outcomes, err
}

// veilBatch veils the records of a batch where they are, since they were made for it
// alone, and is no different the second time.
func veilBatch(batch *storage.Batch) {
	if len(batch.Claims) > 0 {
		batch.Claims = slices.Clone(batch.Claims)
		for i := range batch.Claims {
			batch.Claims[i].ClaimKey = veilClaim(batch.Program, batch.Claims[i].ClaimKey)
		}
	}
	for i := range batch.Legs {
		for k := range batch.Legs[i].Records {
			if row := &batch.Legs[i].Records[k]; veils(row.Kind) {
				veilRecord(row)
			}
		}
	}
}

// Records implements storage.Store.
func (v veiled) Records(ctx context.Context, query storage.RecordQuery) (storage.Page[storage.Record], error) {
	page, err := v.Store.Records(ctx, query)
	unveil(page.Items)
	return page, err
}

// idField starts the document of a record whose key is a digest.
const idField = `{"#":`

// veilRecord puts a record's id into its document, and a digest in its place. An erased
// one has no document.
func veilRecord(row *storage.Record) {
	id := row.ID
	row.ID = veiledID(row.Program, row.Member, row.Kind, id)
	if row.Status == erasedState || id == row.ID {
		return
	}
	data := append(make([]byte, 0, len(idField)+len(id)+3+len(row.Data)), idField...)
	if data = append(data, '"'); plainText(id) {
		data = append(append(data, id...), '"')
	} else {
		quoted, _ := json.Marshal(id) // text always marshals
		data = append(data, quoted[1:]...)
	}
	if len(row.Data) > 0 {
		data = append(data, ',')
		row.Data = append(data, row.Data[1:]...)
		return
	}
	row.Data = append(data, '}')
}

// unveil gives records back what veilRecord took.
func unveil(rows []storage.Record) {
	for i := range rows {
		row := &rows[i]
		if !veils(row.Kind) || !bytes.HasPrefix(row.Data, []byte(idField)) {
			continue
		}
		rest := row.Data[len(idField):]
		end := textEnd(rest)
		var id string
		switch {
		case end < 2:
			continue
		case plainText(string(rest[1 : end-1])):
			id = string(rest[1 : end-1])
		case json.Unmarshal(rest[:end], &id) != nil:
			continue
		}
		row.ID = id
		switch rest = rest[end:]; {
		case len(rest) > 1 && rest[0] == ',':
			rest[0] = '{'
			row.Data = rest
		default:
			row.Data = nil
		}
	}
}

// plainText reports whether JSON writes a text as it is.
func plainText(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}

// textEnd is where the JSON text that data starts with ends, or -1.
func textEnd(data []byte) int {
	for i := 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}
