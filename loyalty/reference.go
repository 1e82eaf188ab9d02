package loyalty

import (
	"crypto/sha256"
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// What an entry is about is a text of the host's, and entries stay for ever. So the
// ledger keeps it where an erasure reaches: in the operation, or in the lot. An entry's
// row has a reference of its own only where that is an account; else it says where the
// reference is. An empty one is that of the operation.
const (
	referenceOfLot = storage.ReservedPrefix + "lot"
	noReference    = storage.ReservedPrefix + "none"
)

// storeReferences replaces the references of the party's entries by what their rows
// have. What is neither the operation's nor the lot's stays with the command alone.
func (p *Party) storeReferences(op *storage.Operation) {
	for i := range p.entries {
		e := &p.entries[i]
		switch {
		case e.Reference != "" && p.tx.names(e.Reference):
		case e.Reference == op.Reference:
			e.Reference = ""
		case e.Reference != "" && e.Reference == p.sourceOf(e.Lot):
			e.Reference = referenceOfLot
		default:
			e.Reference = noReference
		}
	}
}

// names reports whether a reference is the id of an account of the plan.
func (tx *Tx) names(reference string) bool {
	return slices.ContainsFunc(tx.parties, func(p *Party) bool { return p.row.Member == reference })
}

func (p *Party) sourceOf(id points.LotID) string {
	if at := p.lotAt(id); at >= 0 {
		return p.lots[at].Source
	}
	return ""
}

// veiledBytes is how many bytes of a digest stand for the source of a lot.
const veiledBytes = 12

// veil returns what stands for the source of a lot in the hash chain, and in the lot's
// row after an erasure: a digest that is salted with the operation that made the lot, and
// whose salt an erasure takes away. What is veiled stays as it is.
func veil(buffer encoder, salt []byte, source string) (encoder, string) {
	if source == "" || reserved(source) {
		return buffer, source
	}
	buffer = buffer[:0].bytes(salt).text(source)
	sum := sha256.Sum256(buffer)
	return buffer, encoded(storage.ReservedPrefix, sum[:veiledBytes])
}

// veilAll veils the sources of lots that one operation made.
func veilAll(buffer encoder, salt []byte, lots []points.Lot) encoder {
	for i := range lots {
		buffer, lots[i].Source = veil(buffer, salt, lots[i].Source)
	}
	return buffer
}
