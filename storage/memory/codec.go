package memory

import (
	"encoding/binary"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// codec packs rows into bytes, and unpacks them again. History is kept packed:
// it takes a third of the memory, and nothing in it is work for the garbage
// collector. Each row has one method, which names its fields for both ways; the
// program and the member are those of the account and are not packed. Order
// matters to version.peek and newRecord, which read the front only.
type codec struct {
	out       []byte
	in        string
	unpacking bool
}

func integer[T ~int | ~int64 | ~uint8](c *codec, n *T) {
	if !c.unpacking {
		c.out = binary.AppendVarint(c.out, int64(*n))
		return
	}
	zigzag := c.uvarint()
	*n = T(int64(zigzag>>1) ^ -int64(zigzag&1))
}

func text[T ~string](c *codec, s *T) {
	if !c.unpacking {
		c.out = binary.AppendUvarint(c.out, uint64(len(*s)))
		c.out = append(c.out, *s...)
		return
	}
	*s = T(c.take())
}

func (c *codec) document(b *[]byte) {
	if !c.unpacking {
		c.out = binary.AppendUvarint(c.out, uint64(len(*b)))
		c.out = append(c.out, *b...)
		return
	}
	*b = list([]byte(c.take()))
}

func (c *codec) instant(t *time.Time) {
	micros := t.UnixMicro()
	integer(c, &micros)
	if c.unpacking {
		*t = time.UnixMicro(micros).UTC()
	}
}

func (c *codec) take() string {
	size := c.uvarint()
	s := c.in[:size]
	c.in = c.in[size:]
	return s
}

func (c *codec) uvarint() uint64 {
	var n uint64
	for i := 0; ; i++ {
		b := c.in[i]
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			c.in = c.in[i+1:]
			return n
		}
	}
}

func (c *codec) operation(op *storage.Operation) {
	c.instant(&op.RecordedAt)
	text(c, &op.Key)
	c.document(&op.Command)
	c.document(&op.Receipt)
	integer(c, &op.Version)
	text(c, &op.Type)
	c.document(&op.Fingerprint)
	text(c, &op.Reason)
	text(c, &op.Actor)
	text(c, &op.Reference)
	c.document(&op.Salt)
	c.document(&op.Digests)
	text(c, &op.Library)
	integer(c, &op.Format)
	c.instant(&op.OccurredAt)
	c.document(&op.Hash)
}

func (c *codec) entry(e *storage.Entry) {
	integer(c, &e.Version)
	integer(c, &e.Ordinal)
	text(c, &e.Unit)
	text(c, &e.Kind)
	integer(c, &e.From)
	integer(c, &e.To)
	integer(c, &e.Amount)
	integer(c, &e.Lot)
	integer(c, &e.Into)
	text(c, &e.Rule)
	integer(c, &e.Revision)
	text(c, &e.Reference)
	integer(c, &e.Corrects.Version)
	integer(c, &e.Corrects.Ordinal)
	c.instant(&e.OccurredAt)
	c.instant(&e.RecordedAt)
}

func (c *codec) event(e *storage.Event) {
	integer(c, &e.Version)
	integer(c, &e.Ordinal)
	text(c, &e.Type)
	c.instant(&e.RecordedAt)
	c.document(&e.Data)
}

func (c *codec) record(r *storage.Record) {
	text(c, &r.Kind)
	text(c, &r.ID)
	text(c, &r.Status)
	text(c, &r.Reference)
	text(c, &r.Sort)
	c.instant(&r.DueAt)
	size := len(r.Lots)
	integer(c, &size)
	if c.unpacking && size > 0 {
		r.Lots = make([]points.LotID, size)
	}
	for i := range r.Lots {
		integer(c, &r.Lots[i])
	}
	c.document(&r.Data)
}
