package enginetest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// question is what a client asks about a member.
type question struct {
	member string
	verb   string
	hold   int
	n      points.Amount
}

// reply is what the client is told: a refusal, or what the member then has.
type reply struct {
	refusal   string
	available points.Amount
	held      points.Amount
}

// account is a member to whom things happen one after another.
type account struct {
	available points.Amount
	held      [3]points.Amount
	used      [3]bool
}

func (a account) after(q question) (account, reply) {
	refuse := func(why error) (account, reply) { return a, reply{refusal: why.Error()} }
	next := a
	switch q.verb {
	case "gift":
		next.available += q.n
	case "spend", "hold":
		if q.verb == "hold" && a.used[q.hold] {
			return refuse(loyalty.ErrHoldExists)
		}
		if a.available < q.n {
			return refuse(loyalty.ErrInsufficientPoints)
		}
		next.available -= q.n
		if q.verb == "hold" {
			next.held[q.hold], next.used[q.hold] = q.n, true
		}
	case "capture", "void":
		if !a.used[q.hold] {
			return refuse(loyalty.ErrUnknownHold)
		}
		if a.held[q.hold] == 0 {
			return refuse(loyalty.ErrHoldClosed)
		}
		if q.verb == "void" {
			next.available += a.held[q.hold]
		}
		next.held[q.hold] = 0
	}
	return next, reply{available: next.available, held: next.held[0] + next.held[1] + next.held[2]}
}

// oneAfterAnother is what a history of several members must look like: each
// could have been asked by one client after another.
var oneAfterAnother = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		parts := make([][]porcupine.Operation, len(members))
		for _, op := range history {
			for i, id := range members {
				if op.Input.(question).member == id {
					parts[i] = append(parts[i], op)
				}
			}
		}
		return parts
	},
	Init: func() any { return account{available: 20} },
	Step: func(state, input, output any) (bool, any) {
		next, want := state.(account).after(input.(question))
		return want == output.(reply), next
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v: %+v", input, output) },
}

const (
	clients    = 8
	historyFor = 20 * time.Second
	// tries is how often a client asks until it is answered.
	tries = 20
)

// Linearizable records what 8 clients are told who ask about three members at
// once, on two engines, and proves that each member could have been asked by one
// client after another. In every second history the store's calls are cut, and
// clients ask again with the same key.
func Linearizable(t *testing.T, open Open, options *Options) {
	opened := stores{open: open, t: t}
	histories := options.or().Histories
	for seed := range histories {
		store, id := opened.next()
		if seed%2 == 1 {
			store = cuts(store, uint64(seed))
		}
		if err := linearizable(t, store, id, uint64(seed), 25); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	t.Logf("figure R10 %d histories of %d clients, half of them with cut calls: all linearizable", histories, clients)
}

func linearizable(t testing.TB, store storage.Store, id string, seed uint64, perClient int) error {
	t.Helper()
	c := newCrowd(t, stars(id), store, loyalty.Options{})
	for _, member := range members {
		for _, cmd := range []loyalty.Command{loyalty.Enroll{Member: member, Key: "enroll"}, gift(member, "first", 20)} {
			if said := c.send(c.engines[0], cmd); said.refusal != "" {
				return errors.New(said.refusal)
			}
		}
	}
	histories := make([][]porcupine.Operation, clients)
	begin := time.Now()
	var wait sync.WaitGroup
	for client := range clients {
		wait.Go(func() { histories[client] = c.client(client, perClient, seeded(seed*clients+uint64(client)), begin) })
	}
	wait.Wait()
	var history []porcupine.Operation
	for _, part := range histories {
		history = append(history, part...)
	}
	switch result := porcupine.CheckOperationsTimeout(oneAfterAnother, history, historyFor); result {
	case porcupine.Ok:
		return nil
	case porcupine.Illegal:
		return errors.New("the history is not linearizable")
	default:
		return fmt.Errorf("the history of %d answers could not be checked in %s", len(history), historyFor)
	}
}

// client asks its questions and records the replies.
func (c *crowd) client(client, questions int, pick pick, begin time.Time) []porcupine.Operation {
	engine := c.engines[client%len(c.engines)]
	history := make([]porcupine.Operation, 0, questions)
	for i := range questions {
		q := question{
			member: oneOf(pick, "member", members...),
			verb:   oneOf(pick, "verb", "gift", "spend", "spend", "hold", "capture", "void", "read"),
			hold:   pick("hold", 3), n: points.Amount(1 + pick("points", 12)),
		}
		called := time.Since(begin).Nanoseconds()
		said := c.ask(engine, q, strconv.Itoa(client)+"/"+strconv.Itoa(i))
		history = append(history, porcupine.Operation{
			ClientId: client, Input: q, Output: said, Call: called, Return: time.Since(begin).Nanoseconds(),
		})
	}
	return history
}

func (c *crowd) ask(engine *loyalty.Engine, q question, key string) reply {
	if q.verb == "read" {
		m, err := engine.MemberAt(c.t.Context(), q.member, time.Now().Add(time.Minute))
		for n := 0; passing(err) && n < tries; n++ {
			m, err = engine.MemberAt(c.t.Context(), q.member, time.Now().Add(time.Minute))
		}
		return replied(m.Balances, err)
	}
	id := "h" + strconv.Itoa(q.hold)
	var cmd loyalty.Command
	switch q.verb {
	case "gift":
		cmd = gift(q.member, key, q.n)
	case "spend":
		cmd = loyalty.Spend{Member: q.member, Key: key, Unit: "star", Points: q.n}
	case "hold":
		cmd = loyalty.Hold{Member: q.member, Key: key, ID: id, Unit: "star", Points: q.n, Until: points.Never}
	case "capture":
		cmd = loyalty.Capture{Member: q.member, Key: key, Hold: id}
	default:
		cmd = loyalty.Void{Member: q.member, Key: key, Hold: id}
	}
	return c.send(engine, cmd)
}

// send sends a command until the answer is definite.
func (c *crowd) send(engine *loyalty.Engine, cmd loyalty.Command) reply {
	contended := 0
	for range tries {
		receipt, err := engine.Do(c.t.Context(), cmd)
		if errors.Is(err, loyalty.ErrContention) {
			contended++
		}
		if !passing(err) || contended > 2 {
			return replied(receipt.Balances, err)
		}
	}
	return reply{refusal: "no answer"}
}

func replied(balances []points.Balance, err error) reply {
	for _, sentinel := range append([]error{loyalty.ErrInsufficientPoints}, sentinels...) {
		if errors.Is(err, sentinel) {
			return reply{refusal: sentinel.Error()}
		}
	}
	if err != nil {
		return reply{refusal: "unexpected: " + err.Error()}
	}
	var all reply
	for _, b := range balances {
		all.available, all.held = all.available+b.Available, all.held+b.Held
	}
	return all
}
