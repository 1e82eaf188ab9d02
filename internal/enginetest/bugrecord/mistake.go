package bugrecord

import (
	"context"
	"iter"
	"reflect"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Mistake puts a bug of the record into a shop, between the case and the engine or
// between the engine and its store: what the case must fail on.
type Mistake struct {
	// Name says what the shop does wrong, and Seen is a part of what the case must say,
	// so that it fails for the bug and not for something else.
	Name string
	Seen string

	// Rules changes every program that the shop opens with.
	Rules func(p *loyalty.Program)
	// Store returns what is in the store's place.
	Store func(s *Shop) storage.Store
	// Does is called once, and returns what stands for Engine.Do.
	Does func(s *Shop) Does
	// Quotes changes what is asked for a quote.
	Quotes func(cmd loyalty.Command) loyalty.Command
	// Row changes a row of a file of opening balances.
	Row func(row *loyalty.ImportRow)
	// Shows changes what a member page shows.
	Shows func(s *Shop, m *loyalty.Member)
	// Exchange changes what points are worth.
	Exchange func(x *rewards.Exchange)
	// Racing lets callers at once read before one of them writes, on stores that check
	// neither versions nor bounds.
	Racing bool
}

// Does does a command, by do or otherwise.
type Does func(cmd loyalty.Command, do Do) (loyalty.Receipt, error)

// Do is Engine.Do.
type Do func(cmd loyalty.Command) (loyalty.Receipt, error)

// forgets takes no notice of some commands of a type.
func forgets[C loyalty.Command](which func(cmd C) bool) func(*Shop) Does {
	return func(*Shop) Does {
		return func(cmd loyalty.Command, do Do) (loyalty.Receipt, error) {
			if c, ok := cmd.(C); ok && (which == nil || which(c)) {
				return loyalty.Receipt{}, nil
			}
			return do(cmd)
		}
	}
}

// changes changes commands of a type.
func changes[C loyalty.Command](change func(s *Shop, cmd *C)) func(*Shop) Does {
	return func(s *Shop) Does {
		return func(cmd loyalty.Command, do Do) (loyalty.Receipt, error) {
			if c, ok := cmd.(C); ok {
				change(s, &c)
				return do(c)
			}
			return do(cmd)
		}
	}
}

// adds does more after a command of a type was accepted.
func adds[C loyalty.Command](more func(s *Shop, cmd C, receipt loyalty.Receipt) loyalty.Command) func(*Shop) Does {
	return func(s *Shop) Does {
		return func(cmd loyalty.Command, do Do) (loyalty.Receipt, error) {
			receipt, err := do(cmd)
			if c, ok := cmd.(C); ok && err == nil {
				if added := more(s, c, receipt); added != nil {
					_, err = do(added)
				}
			}
			return receipt, err
		}
	}
}

// allows does something else where a command of a type is refused.
func allows[C loyalty.Command](instead func(s *Shop, cmd C) []loyalty.Command) func(*Shop) Does {
	return func(s *Shop) Does {
		return func(cmd loyalty.Command, do Do) (loyalty.Receipt, error) {
			receipt, err := do(cmd)
			c, ok := cmd.(C)
			if !ok || err == nil {
				return receipt, err
			}
			for _, other := range instead(s, c) {
				if receipt, err = do(other); err != nil {
					return receipt, err
				}
			}
			return receipt, nil
		}
	}
}

// allNew takes every command for one that never came before, and orders too.
func allNew(s *Shop) Does {
	return func(cmd loyalty.Command, do Do) (loyalty.Receipt, error) {
		if earn, ok := cmd.(loyalty.Earn); ok {
			earn.Order.ID += " at " + s.key()
			cmd = earn
		}
		v := reflect.New(reflect.TypeOf(cmd)).Elem()
		v.Set(reflect.ValueOf(cmd))
		v.FieldByName("Key").SetString(s.key())
		return do(v.Interface().(loyalty.Command))
	}
}

// gives is a correction by hand.
func (s *Shop) gives(member, unit string, n points.Amount) loyalty.Command {
	return loyalty.Adjust{Member: member, Key: s.key(), Unit: unit, Points: n, Reason: "mistake", Actor: "shop"}
}

// mistakenly returns a program as the shop's mistake has it.
func (s *Shop) mistakenly(p loyalty.Program) loyalty.Program {
	if s.mistake.Rules == nil {
		return p
	}
	p.Units, p.Earning, p.Ladders, p.Catalog = slices.Clone(p.Units), slices.Clone(p.Earning), slices.Clone(p.Ladders), slices.Clone(p.Catalog)
	for i := range p.Earning {
		if rate := p.Earning[i].Spend; rate != nil {
			copied := *rate
			p.Earning[i].Spend = &copied
		}
	}
	for i := range p.Ladders {
		p.Ladders[i].Tiers = slices.Clone(p.Ladders[i].Tiers)
	}
	s.mistake.Rules(&p)
	return p
}

// ask does a command as the shop's mistake has it.
func (s *Shop) ask(engine *loyalty.Engine, cmd loyalty.Command) (loyalty.Receipt, error) {
	do := func(cmd loyalty.Command) (loyalty.Receipt, error) {
		return engine.Do(context.WithoutCancel(s.Context()), cmd)
	}
	if s.does == nil {
		return do(cmd)
	}
	return s.does(cmd, do)
}

// all does many commands, as the shop's mistake has it.
func (s *Shop) all(cmds []loyalty.Command) iter.Seq2[loyalty.Receipt, error] {
	if s.does == nil {
		return s.engine.DoAll(s.Context(), slices.Values(cmds), nil)
	}
	return func(yield func(loyalty.Receipt, error) bool) {
		for _, cmd := range cmds {
			if !yield(s.ask(s.engine, cmd)) {
				return
			}
		}
	}
}

// quotes asks what a command would do.
func (s *Shop) quotes(cmd loyalty.Command) loyalty.Receipt {
	s.Helper()
	if s.mistake.Quotes != nil {
		cmd = s.mistake.Quotes(cmd)
	}
	receipt, err := s.engine.Quote(s.Context(), cmd)
	require.NoError(s, err)
	return receipt
}

// imports runs a file of opening balances.
func (s *Shop) imports(file []loyalty.ImportRow, dry bool) loyalty.ImportReport {
	s.Helper()
	file = slices.Clone(file)
	for i := range file {
		if s.mistake.Row != nil {
			s.mistake.Row(&file[i])
		}
	}
	report, err := s.engine.ImportAll(s.Context(), slices.Values(file), &loyalty.ImportOptions{DryRun: dry})
	require.NoError(s, err)
	return report
}

// exchange is what points are worth.
func (s *Shop) exchange(x rewards.Exchange) rewards.Exchange {
	if s.mistake.Exchange != nil {
		s.mistake.Exchange(&x)
	}
	return x
}
