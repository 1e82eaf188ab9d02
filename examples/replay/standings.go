package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// ladderBooks says how the members stand on a ladder in the end, and how often
// somebody's standing changed on the way.
type ladderBooks struct {
	code string
	// none counts the members without a tier, tiers those of each, the lowest first.
	none  int64
	tiers []tierBooks
	moves map[tiers.ChangeKind]int64
}

type tierBooks struct {
	code    string
	members int64
}

func newLadders(program loyalty.Program) []ladderBooks {
	var ladders []ladderBooks
	for _, l := range program.Ladders {
		own := ladderBooks{code: l.Code, moves: map[tiers.ChangeKind]int64{}}
		for _, tier := range l.Tiers {
			own.tiers = append(own.tiers, tierBooks{code: tier.Code})
		}
		ladders = append(ladders, own)
	}
	return ladders
}

// stands counts a member, whose account is settled.
func (b *books) stands(account storage.Account) {
	if account.Kind != storage.Person {
		return
	}
	for i := range b.ladders {
		l := &b.ladders[i]
		at := -1
		for _, s := range account.Standing {
			if s.Ladder == l.code {
				at = slices.IndexFunc(l.tiers, func(t tierBooks) bool { return t.code == s.Tier })
			}
		}
		if at < 0 {
			l.none++
		} else {
			l.tiers[at].members++
		}
	}
}

// addMoves counts the events that tell of tiers. Nobody reads the events of a replay,
// so all of them are there.
func (b *books) addMoves(ctx context.Context, store storage.Store, program string) error {
	if len(b.ladders) == 0 {
		return nil
	}
	for bucket := range storage.Buckets {
		query := storage.EventQuery{Program: program, Bucket: bucket, Limit: 1000}
		for {
			page, err := store.Events(ctx, query)
			if err != nil {
				return fmt.Errorf("read events: %w", err)
			}
			for i := range page.Items {
				if err := b.addMove(&page.Items[i]); err != nil {
					return err
				}
			}
			if page.Next == "" {
				break
			}
			query.After = page.Next
		}
	}
	return nil
}

func (b *books) addMove(event *storage.Event) error {
	if !strings.HasPrefix(event.Type, "tier-") {
		return nil
	}
	var told struct {
		Changes []loyalty.TierChange `json:"changes"`
	}
	if err := json.Unmarshal(event.Data, &told); err != nil {
		return fmt.Errorf("event %s of member %q: %w", event.Type, event.Member, err)
	}
	for _, change := range told.Changes {
		for i := range b.ladders {
			if b.ladders[i].code == change.Ladder {
				b.ladders[i].moves[change.Kind]++
			}
		}
	}
	return nil
}

// moveKinds are the changes that a summary lists, in this order.
var moveKinds = [...]struct {
	kind  tiers.ChangeKind
	label string
}{
	{tiers.Promoted, "promoted"},
	{tiers.Retained, "retained"},
	{tiers.Lapsing, "lapsing"},
	{tiers.Demoted, "demoted"},
	{loyalty.Corrected, "corrected"},
}

// ladder prints the highest tier first.
func (p *page) ladder(l *ladderBooks) {
	fmt.Fprintf(p.out, "  %s\n", strings.ToUpper(l.code))
	for _, tier := range slices.Backward(l.tiers) {
		p.count(tier.code, tier.members)
	}
	p.count("no tier", l.none)
	for _, m := range moveKinds {
		if n := l.moves[m.kind]; n > 0 {
			p.count("  "+m.label, n)
		}
	}
}

// ladderReport is a ladder in the JSON summary.
type ladderReport struct {
	Ladder string           `json:"ladder"`
	Tiers  []tierReport     `json:"tiers"`
	None   int64            `json:"none"`
	Moves  map[string]int64 `json:"moves"`
}

type tierReport struct {
	Tier    string `json:"tier"`
	Members int64  `json:"members"`
}

func (l *ladderBooks) report() ladderReport {
	r := ladderReport{Ladder: l.code, None: l.none, Moves: map[string]int64{}}
	for _, tier := range l.tiers {
		r.Tiers = append(r.Tiers, tierReport{tier.code, tier.members})
	}
	for kind, n := range l.moves {
		r.Moves[string(kind)] = n
	}
	return r
}
