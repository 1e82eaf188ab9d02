package enginetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
)

// simulateStreams sends streams, and those of their commands again whose answer
// is not definite. In the end every acknowledged command is there once with the
// receipt that was given, no refused one is there, and the books balance.
func simulateStreams(t testing.TB, store storage.Store, id string, seed uint64, keeps bool) error {
	t.Helper()
	s := newSimulation(t, store, id, seed, keeps)
	acknowledged := map[string]string{}
	wave := repeat(len(members), func(i int) loyalty.Command { return loyalty.Enroll{Member: members[i], Key: "enroll"} })
	for range 12 {
		for tries := 0; len(wave) > 0; tries++ {
			if tries == patience {
				return fmt.Errorf("%s: no answer in %d tries", show(wave[0]), patience)
			}
			wave = s.send(wave, acknowledged)
		}
		wave = repeat(1+s.pick("wave", 9), func(int) loyalty.Command { return s.any() })
		if s.pick("jump", 3) == 0 {
			s.jump()
		}
	}
	return errors.Join(s.there(acknowledged), s.verify(), s.balanced())
}

// send sends a stream, notes what is acknowledged, and returns what is to be sent
// again.
func (s *simulation) send(wave []loyalty.Command, acknowledged map[string]string) []loyalty.Command {
	var again []loyalty.Command
	i := 0
	for receipt, err := range s.flaky.DoAll(s.ctx, slices.Values(wave), nil) {
		cmd := wave[i]
		i++
		receipt.Replayed = false
		switch {
		case err == nil:
			acknowledged[receipt.Member+"/"+receipt.Key] = text(receipt)
		case !definite(err) && s.keeps:
			again = append(again, cmd)
		case !definite(err):
			again = append(again, rekeyed(cmd, s.key()))
		}
	}
	s.recover()
	return again
}

// there compares what was acknowledged with what is stored.
func (s *simulation) there(acknowledged map[string]string) error {
	stored := 0
	for _, id := range members {
		for op, err := range s.engine.History(s.ctx, id) {
			if err != nil {
				return err
			}
			if op.Key == "" {
				continue
			}
			stored++
			receipt, known := acknowledged[id+"/"+op.Key]
			if !known {
				return fmt.Errorf("%s: operation %d with key %q is stored and was never acknowledged", id, op.Version, op.Key)
			}
			if receipt != text(op.Receipt) {
				return fmt.Errorf("%s: the receipt of operation %d is\n%s\nand was\n%s", id, op.Version, text(op.Receipt), receipt)
			}
		}
	}
	if stored != len(acknowledged) {
		return fmt.Errorf("%d commands are stored, %d were acknowledged", stored, len(acknowledged))
	}
	return nil
}

// balanced proves that per unit all buckets come to zero.
func (s *simulation) balanced() error {
	totals, err := s.engine.Totals(s.ctx)
	if err != nil {
		return err
	}
	sums := map[string]int64{}
	for _, total := range totals {
		if !total.From.Member() {
			sums[total.Unit] -= int64(total.Amount)
		}
		if !total.To.Member() {
			sums[total.Unit] += int64(total.Amount)
		}
	}
	for account, err := range storage.AllAccounts(s.ctx, s.store, storage.AccountQuery{Program: s.revisions[0].ID}) {
		if err != nil {
			return err
		}
		for _, b := range account.Balances {
			sums[b.Unit] += int64(b.Pending + b.Available + b.Held + b.Counted - b.Debt)
		}
	}
	for unit, sum := range sums {
		if sum != 0 {
			return fmt.Errorf("all buckets of %s come to %d", unit, sum)
		}
	}
	return nil
}
