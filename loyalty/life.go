package loyalty

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/storage"
)

// lifeData says what became of an account beside its gates.
type lifeData struct {
	// Guest is set for an account whose points wait to be claimed.
	Guest bool `json:"guest,omitempty"`
	// Into is the account that this one was merged into, At since when, and Moved
	// that everything has arrived there.
	Into  string    `json:"into,omitempty"`
	At    time.Time `json:"at,omitzero"`
	Moved bool      `json:"moved,omitempty"`
	// Moving names accounts with which a merge, or the undoing of one, is decided
	// and not finished.
	Moving []string `json:"moving,omitempty"`
	// Former names the accounts that this one was merged into and taken out of
	// again: keys that were used meanwhile are theirs.
	Former []string `json:"former,omitempty"`
	// Erased is when the member was erased, Scrubbing that rows are left to scrub.
	Erased    time.Time `json:"erased,omitzero"`
	Scrubbing bool      `json:"scrubbing,omitempty"`
	// Pool is the kind of a pool's account.
	Pool string `json:"pool,omitempty"`
	// Dissolving is set for a pool whose points and places are still handed out.
	Dissolving bool `json:"dissolving,omitempty"`
}

func (l *lifeData) zero() bool {
	return l == nil || !l.Guest && l.Into == "" && len(l.Moving) == 0 && len(l.Former) == 0 && !l.erased() && l.Pool == ""
}

// erased reports whether the member was erased.
func (l *lifeData) erased() bool { return l != nil && !l.Erased.IsZero() }

// lifeMark is in the document of every account that has a lifeData.
var lifeMark = []byte(`"life":`)

// life returns what became of the account, nil where nothing did.
func (a *account) life() (*lifeData, error) {
	if !bytes.Contains(a.row.Data, lifeMark) {
		return nil, nil
	}
	data, err := decodeData(a.row.Data)
	if err != nil {
		return nil, fmt.Errorf("loyalty: account of %s: %w", AccountName(a.id), err)
	}
	return data.Life, nil
}

// changeLife lets change edit the party's lifeData.
func (p *Party) changeLife(change func(*lifeData)) error {
	data, err := p.document()
	if err != nil {
		return err
	}
	next := lifeData{}
	if data.Life != nil {
		next = *data.Life
	}
	change(&next)
	if data.Life = &next; next.zero() {
		data.Life = nil
	}
	p.dataChanged = true
	return nil
}

func with(list []string, item string) []string {
	if slices.Contains(list, item) {
		return list
	}
	return append(slices.Clip(list), item)
}

func without(list []string, item string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == item })
}

// errMoved reports a call that now is about other accounts than it was loaded for.
var errMoved = errors.New("loyalty: the account was merged into another")

// errUnfinished reports an account with a merge or erasure that is decided and not
// finished.
var errUnfinished = errors.New("loyalty: a merge is not finished")

// lives follows redirects and refuses erased members. What it returns besides
// errMoved and errUnfinished is a refusal.
func (d *deciding) lives(c *call, accounts []*account) error {
	for _, a := range accounts {
		life, err := a.life()
		if err != nil {
			return err
		}
		if (life == nil || life.Into == "") && c.misled(a) {
			c.restart()
			return errMoved
		}
		switch {
		case life == nil:
		case life.erased():
			return fmt.Errorf("%w: %s", ErrErased, whose(a.id))
		case life.Into != "" && c.parts(a.id):
			if err := c.cmd.(parter).already(accounts[0].id, life.Into); err != nil {
				return err
			}
		case life.Into != "":
			return c.redirect(a.id, life.Into)
		case life.unfinished():
			return errUnfinished
		case a == accounts[0] && len(life.Former) > 0:
			if err := d.usedElsewhere(c, life.Former); err != nil {
				return err
			}
		}
	}
	return nil
}

// leads reports whether an account of a call was merged into another.
func (d *deciding) leads(c *call) bool {
	for i := range c.accounts() {
		if life, err := d.accounts[c.member(i)].life(); err == nil && life != nil && life.Into != "" {
			return true
		}
	}
	return false
}

// parts reports whether the call is about the redirect of an account itself.
func (c *call) parts(member string) bool {
	p, ok := c.cmd.(parter)
	return ok && p.parts() == member
}

// usedElsewhere looks for the call's key among the operations that accounts made
// in the member's name while it was merged into them.
func (d *deciding) usedElsewhere(c *call, former []string) error {
	if c.original != nil {
		return nil
	}
	for _, survivor := range former {
		request := storage.LoadRequest{Program: d.engine.program, Member: survivor, Key: viaKey(c.plan.Member, c.plan.Key)}
		snaps, err := d.load(d.ctx, []storage.LoadRequest{request})
		if err != nil {
			return fmt.Errorf("%w: %w", errNotStored, err)
		}
		if op := snaps[0].Operation; op != nil {
			receipt, err := replay(c, op)
			if err != nil {
				return err
			}
			return &elsewhere{receipt}
		}
	}
	return nil
}

// elsewhere carries the receipt of a key that was used through a redirect.
type elsewhere struct{ receipt *Receipt }

// Error implements error.
func (*elsewhere) Error() string { return "loyalty: the key was used while the member was merged" }

// redirect makes the call about the survivor of an account that it names. The
// key stays one of the account that it named first.
func (c *call) redirect(from, into string) error {
	if c.touches(into) {
		return fmt.Errorf("%w: %s was merged into %s", ErrSameMember, whose(from), whose(into))
	}
	if c.original == nil {
		original := c.plan
		c.original, c.aliases = &original, map[string][]string{}
	}
	c.aliases[into] = append(slices.Clone(c.aliases[from]), from)
	delete(c.aliases, from)
	plan := &c.plan
	main := plan.Member == from
	if main {
		plan.Member, plan.Key = into, viaKey(from, plan.Key)
		c.gathered, c.merged = false, false
	}
	plan.Others = replaced(plan.Others, from, into)
	records := make([]RecordRef, 0, 2*len(plan.Records)+1)
	for _, ref := range plan.Records {
		if ref.Member == from || ref.Member == "" && main {
			if ref.Member != "" {
				ref.Member = into
			}
			records = append(records, RecordRef{Member: ref.Member, Kind: ref.Kind, ID: movedID(from, ref.ID)})
			if pair := pairOf(ref.Kind); pair != "" {
				records = append(records,
					RecordRef{Member: ref.Member, Kind: pair, ID: movedID(from, ref.ID)},
					RecordRef{Member: ref.Member, Kind: pair, ID: ref.ID},
				)
			}
		}
		records = append(records, ref)
	}
	plan.Records = append(records, RecordRef{Member: into, Kind: mergeKind, ID: from})
	plan.Lots = slices.DeleteFunc(slices.Clone(plan.Lots), func(ref LotRef) bool {
		return ref.Member == from || ref.Member == "" && main
	})
	plan.Debits = slices.Clone(plan.Debits)
	for i := range plan.Debits {
		if plan.Debits[i].Member == from {
			plan.Debits[i].Member = into
		}
	}
	return errMoved
}

func replaced(list []string, from, into string) []string {
	list = slices.Clone(list)
	for i := range list {
		if list[i] == from {
			list[i] = into
		}
	}
	return list
}

// restart makes the call about the accounts that it named.
func (c *call) restart() {
	claims, counters := c.plan.Claims, c.plan.Counters
	c.plan, c.original, c.aliases = *c.original, nil, nil
	c.plan.Claims, c.plan.Counters = claims, counters
}

// misled reports whether the call was redirected to an account that is no survivor
// any more.
func (c *call) misled(a *account) bool {
	for _, alias := range c.aliases[a.id] {
		i := a.recordAt(mergeKind, alias)
		if i < 0 || !a.records[i].exists || !liveMerge(a.records[i].row.Status) {
			return true
		}
	}
	return false
}

// named is the i-th account as the caller named it.
func (c *call) named() *Plan {
	if c.original != nil {
		return c.original
	}
	return &c.plan
}

// viaKey is the key, on a survivor, of a key of an account that was merged into it.
func viaKey(member, key string) string {
	return storage.ReservedPrefix + "via/" + digestOf(member, key)
}

// movedID is the id, on a survivor, of a record whose own id was taken there.
func movedID(member, id string) string {
	return storage.ReservedPrefix + "from/" + digestOf(member, id)
}

func digestOf(parts ...string) string {
	var buffer encoder
	for _, part := range parts {
		buffer = buffer.text(part)
	}
	sum := sha256.Sum256(buffer)
	return hex.EncodeToString(sum[:16])
}
