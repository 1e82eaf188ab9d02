package bugrecord

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

func memberCases() []Case {
	return []Case{
		{
			Number: 39, Slug: "spending_demotes",
			Bug:   "A customer spent points and lost the gold status that they had bought them with.",
			Naive: "reads the level off the balance",
			Mistakes: []Mistake{{
				Name: "the level is the balance",
				Seen: "ada has qualifying, and should have qualifying 500",
				Shows: func(_ *Shop, m *loyalty.Member) {
					for i := range m.Balances {
						if m.Balances[i].Unit == "qualifying" {
							m.Balances[i].Counted = m.Balance("bean").Available
						}
					}
				},
			}, {
				Name: "what is spent counts no more",
				Seen: `expected: "gold" actual : ""`,
				Does: adds(func(s *Shop, cmd loyalty.Spend, _ loyalty.Receipt) loyalty.Command {
					return s.gives(cmd.Member, "qualifying", -cmd.Points)
				}),
			}},
			Run: func(s *Shop) {
				s.opens(func(p *loyalty.Program) {
					p.Units = append(p.Units, points.Unit{Code: "qualifying", Kind: points.Metric})
					q := rate("qualifying", 1, "1")
					q.Unit = "qualifying"
					p.Earning = append(p.Earning, q)
					p.Ladders = []tiers.Ladder{lifetime("qualifying", 500)}
				})
				status := func(member string) string { return s.member(member).Tier("status").Tier }
				s.members("ada", "bob")
				s.buys("ada", "1001", "500.00")
				s.spends("ada", 300)
				s.do(loyalty.Transfer{Member: "ada", Key: s.key(), To: "bob", Unit: "bean", Points: 100})
				s.days(800)
				s.has("ada", 0)
				assert.Equal(s, "gold", status("ada"))
				assert.Empty(s, status("bob"), "points that were given to him are not his doing")
				s.hasAll("ada", points.Balance{Unit: "qualifying", Counted: 500})
				s.hasAll("bob", points.Balance{Unit: "qualifying"})
				s.refunds("ada", "1001")
				s.hasAll("ada", points.Balance{Unit: "qualifying"})
				assert.Empty(s, status("ada"), "what was bought with them is")
			},
		},
		{
			Number: 41, Slug: "day_counted_in_utc",
			Bug:   "Customers far from London were told that they had been in today, or lost a day of theirs.",
			Naive: "cuts days at midnight UTC",
			Mistakes: []Mistake{{
				Name:  "days are those of UTC",
				Seen:  "visit was done in 2027-03-09",
				Rules: func(p *loyalty.Program) { p.Zone = "UTC" },
			}},
			Run: func(s *Shop) {
				s.opens(func(p *loyalty.Program) { p.Zone = "America/Los_Angeles" })
				s.members("ada")
				s.now = time.Date(2027, time.March, 9, 6, 30, 0, 0, time.UTC) // 22:30 on the 8th there
				s.do(daily{Member: "ada", Key: "monday"})
				s.now = time.Date(2027, time.March, 9, 7, 59, 0, 0, time.UTC)
				s.refuses(loyalty.ErrAlreadyDone, daily{Member: "ada", Key: "monday again"})
				s.now = time.Date(2027, time.March, 9, 8, 0, 0, 0, time.UTC) // midnight there
				s.do(daily{Member: "ada", Key: "tuesday"})
				s.now = time.Date(2027, time.March, 10, 1, 0, 0, 0, time.UTC) // the 10th in London, not there
				s.refuses(loyalty.ErrAlreadyDone, daily{Member: "ada", Key: "tuesday again"})
				s.has("ada", 2)
			},
		},
		{
			Number: 43, Slug: "merge_leaves_a_dead_card",
			Bug:   "Two entries of one customer were merged, and the second card was still there and could not be used.",
			Naive: "renames the customer and leaves the card",
			Mistakes: []Mistake{{
				Name: "merging leaves the card as it is",
				Seen: "ada has bean 30 available, and should have bean 100",
				Does: forgets[loyalty.Merge](nil),
			}, {
				Name: "merging moves the points, and leaves the card",
				Seen: `expected: "ada" actual : "ada-old"`,
				Does: func(s *Shop) Does {
					return func(cmd loyalty.Command, do Do) (loyalty.Receipt, error) {
						if merge, ok := cmd.(loyalty.Merge); ok {
							return do(loyalty.Transfer{Member: merge.From, Key: merge.Key, To: merge.Member, Unit: "bean", Points: s.member(merge.From).Balance("bean").Available})
						}
						return do(cmd)
					}
				},
			}},
			Run: func(s *Shop) {
				s.members("ada", "ada-old")
				s.buys("ada-old", "1001", "70.00")
				expires := s.member("ada-old").Expiring[0].At
				s.days(30)
				s.buys("ada", "1002", "30.00")
				s.do(loyalty.Merge{Member: "ada", Key: s.key(), From: "ada-old"})
				s.runDue()
				s.has("ada", 100)
				assert.Equal(s, expires, s.member("ada").Expiring[0].At, "the points keep their date")
				assert.Equal(s, "ada", s.member("ada-old").ID, "the old card shows the one account")
				s.buys("ada-old", "1003", "5.00")
				s.has("ada", 105)
				s.refunds("ada-old", "1001")
				s.has("ada", 35)
				assert.True(s, s.do(loyalty.Earn{Member: "ada-old", Key: "order/1001", Order: order("1001", "70.00")}).Replayed)
			},
		},
		{
			Number: 44, Slug: "guests_and_wrong_merges",
			Bug:   "A guest became a second customer whose points were lost, guests earned by mistake, and two customers of one name who were merged could not be parted.",
			Naive: "makes an account of every purchase, and moves rows without remembering whose they were",
			Mistakes: []Mistake{{
				Name:  "guests earn though nobody said so",
				Seen:  `Expected error with "the program has no guests" in chain but got nil`,
				Rules: func(p *loyalty.Program) { p.Guests = true },
			}, {
				Name: "a guest's points stay with the guest",
				Seen: "bob has bean, and should have bean 20",
				Does: forgets[loyalty.ClaimAward](nil),
			}, {
				Name: "who was merged cannot be parted",
				Seen: "another-ada has bean 100 available, and should have bean 30",
				Does: forgets[loyalty.UnMerge](nil),
			}},
			Run: func(s *Shop) {
				s.refuses(loyalty.ErrNoGuests, loyalty.EnrollGuest{Member: "guest-1", Key: "enroll"})
				s.opens(func(p *loyalty.Program) { p.ID, p.Guests = s.another("with guests"), true })
				s.members("ada", "another-ada", "bob")
				s.do(loyalty.EnrollGuest{Member: "guest-1", Key: "enroll"})
				s.buys("guest-1", "1000", "20.00")
				s.refuses(loyalty.ErrGuest, loyalty.Spend{Member: "guest-1", Key: s.key(), Unit: "bean", Points: 1})
				s.do(loyalty.ClaimAward{Member: "bob", Key: s.key(), Guest: "guest-1", Verified: "has the receipt"})
				s.has("bob", 20)
				s.refuses(loyalty.ErrClaimed, loyalty.ClaimAward{Member: "ada", Key: s.key(), Guest: "guest-1", Verified: "says so"})
				s.buys("ada", "1001", "70.00")
				s.buys("another-ada", "1002", "30.00")
				s.do(loyalty.Merge{Member: "ada", Key: s.key(), From: "another-ada"})
				s.has("ada", 100)
				s.do(loyalty.UnMerge{Member: "ada", Key: s.key(), From: "another-ada"})
				s.runDue()
				s.has("ada", 70)
				s.has("another-ada", 30)
			},
		},
		{
			Number: 45, Slug: "erasure_breaks_the_books",
			Bug:   "A customer could not be erased while orders remained; another shop erased the log and no longer knew what it owed.",
			Naive: "keeps names in the ledger, or deletes its rows",
			Mistakes: []Mistake{{
				Name: "erasing closes the account",
				Seen: `Expected error with "the member was erased" in chain but got nil`,
				Does: func(*Shop) Does {
					return func(cmd loyalty.Command, do Do) (loyalty.Receipt, error) {
						if erase, ok := cmd.(loyalty.Erase); ok {
							return do(loyalty.Close{Member: erase.Member, Key: erase.Key})
						}
						return do(cmd)
					}
				},
			}, {
				Name:  "texts stay in the log",
				Seen:  "Should be empty, but was [operation",
				Store: func(s *Shop) storage.Store { return scrubsNothing(s.store) },
			}},
			Run: func(s *Shop) {
				claims := enginetest.NewClaims(s.store)
				s.store = claims
				s.opens(nil)
				s.do(loyalty.Enroll{Member: "m-1", Key: "enroll", Attributes: map[string]string{"name": "Ada Lovelace"}})
				s.buys("m-1", "order of Ada Lovelace", "60.00")
				s.do(loyalty.Hold{Member: "m-1", Key: "hold", ID: "table of Ada Lovelace", Unit: "bean", Points: 5, Until: s.now.AddDate(0, 0, 1)})
				s.do(loyalty.Capture{Member: "m-1", Key: "capture", Hold: "table of Ada Lovelace"})
				s.do(loyalty.Spend{Member: "m-1", Key: "cup", Unit: "bean", Points: 5, Reference: "cup of Ada Lovelace", Order: "paid by Ada Lovelace"})
				s.do(loyalty.Adjust{Member: "m-1", Key: "call of Ada Lovelace", Unit: "bean", Points: 5, Reason: "Ada Lovelace called", Actor: "clerk"})
				before := s.books()
				s.do(loyalty.Erase{Member: "m-1", Key: s.key()})
				s.runDue()
				assert.Equal(s, before, s.books(), "what the shop owes is what it was")
				_, err := s.engine.Member(s.Context(), "m-1")
				require.ErrorIs(s, err, loyalty.ErrErased)
				s.refuses(loyalty.ErrErased, loyalty.Earn{Member: "m-1", Key: s.key(), Order: order("1002", "1.00")})
				rows, err := enginetest.Traces(s.Context(), claims, s.program.ID, "Lovelace")
				require.NoError(s, err)
				assert.Empty(s, rows)
			},
		},
		{
			Number: 46, Slug: "fails_at_seventy_thousand_customers",
			Bug:   "With 70,000 customers, adding points to one of them took longer than the till waits.",
			Naive: "reads all customers, or all rows of a table, to serve one",
			Mistakes: []Mistake{{
				Name: "every customer is read to serve one",
				Seen: "a command lists rows",
				Does: func(s *Shop) Does {
					return func(cmd loyalty.Command, do Do) (loyalty.Receipt, error) {
						for _, err := range storage.AllAccounts(s.Context(), s.store, storage.AccountQuery{Program: s.program.ID}) {
							if err != nil {
								return loyalty.Receipt{}, err
							}
						}
						return do(cmd)
					}
				},
			}},
			Run: func(s *Shop) {
				s.members("ada", "bob")
				s.store = noScans{s.store}
				s.opens(nil)
				s.buys("ada", "1001", "100.00")
				s.spends("ada", 10)
				s.do(loyalty.Transfer{Member: "ada", Key: s.key(), To: "bob", Unit: "bean", Points: 10})
				s.refunds("ada", "1001")
				s.member("ada")
				s.quotes(loyalty.Spend{Member: "bob", Key: s.key(), Unit: "bean", Points: 1})
				s.store = s.store.(noScans).Store
				s.opens(nil)
			},
		},
		{
			Number: 47, Slug: "cost_grows_with_history",
			Bug:   "The more often a customer had come, the longer the balance took to show.",
			Naive: "adds up all that ever happened, every time",
			Mistakes: []Mistake{{
				Name: "the balance is added up",
				Seen: "expected: 3 actual : 165",
				Shows: func(s *Shop, _ *loyalty.Member) {
					for _, err := range storage.AllEntries(s.Context(), s.store, storage.MemberQuery{Program: s.program.ID, Member: "ada"}) {
						require.NoError(s, err)
					}
				},
			}},
			Run: func(s *Shop) {
				s.members("ada")
				counted := &rowCounter{Store: s.store}
				s.store = counted
				s.opens(nil)
				visit := func(i int) int {
					s.buys("ada", fmt.Sprintf("o-%d", i), "10.00")
					before := counted.rows
					s.member("ada")
					s.spends("ada", 10)
					return counted.rows - before
				}
				early := visit(0)
				for i := range 80 {
					visit(1 + i)
				}
				require.Positive(s, early)
				assert.Equal(s, early, visit(81), "rows read at the first visit, and at the 82nd")
				for i := range 300 {
					s.buys("ada", fmt.Sprintf("tiny-%d", i), "1.00")
				}
				counted.rows = 0
				s.spends("ada", 300)
				assert.Less(s, counted.rows, 3*300, "rows read to spend 300 tiny awards at once")
				s.has("ada", 0)
				s.store = counted.Store
				s.opens(nil)
			},
		},
		{
			Number: 48, Slug: "old_balances_cannot_be_brought",
			Bug:   "A shop changed its system and could not take its customers' points along with their dates.",
			Naive: "knows only points that it has earned itself",
			Mistakes: []Mistake{{
				Name: "what is brought is earned today",
				Seen: "ada has bean 100 available, and should have bean 60",
				Row:  func(row *loyalty.ImportRow) { row.Import.EarnedAt, row.Import.ExpiresAt = time.Time{}, time.Time{} },
			}, {
				Name: "rows have no id",
				Seen: "ada has bean 200 available, and should have bean 100",
				Row:  func(row *loyalty.ImportRow) { row.Import.Key = fmt.Sprintf("%p", row) },
			}},
			Run: func(s *Shop) {
				earned, soon, late := opening.AddDate(0, -3, 0), opening.AddDate(0, 1, 0), opening.AddDate(0, 6, 0)
				old := func(line int, member string, n points.Amount, expires time.Time) loyalty.ImportRow {
					return loyalty.ImportRow{Line: line, ID: fmt.Sprintf("row-%d", line), Import: loyalty.Import{
						Member: member, Unit: "bean", Points: n, EarnedAt: earned, ExpiresAt: expires, EnrolledAt: earned,
						Reason: "from the old system", Actor: "owner",
					}}
				}
				file := []loyalty.ImportRow{old(2, "ada", 40, soon), old(3, "ada", 60, late), old(4, "bob", -5, late), old(5, "cyd", 7, late)}
				assert.Equal(s, 3, s.imports(file, true).Imported)
				_, err := s.engine.Member(s.Context(), "ada")
				require.ErrorIs(s, err, loyalty.ErrNotEnrolled, "a dry run stores nothing")
				for run := range 2 {
					report := s.imports(file, false)
					assert.Equal(s, []int{3, 0}[run], report.Imported)
					assert.Equal(s, []int{0, 3}[run], report.Replayed)
					require.Len(s, report.Problems, 1)
					assert.Equal(s, 4, report.Problems[0].Line)
					s.has("ada", 100)
					s.has("cyd", 7)
				}
				compared, err := s.engine.Reconcile(s.Context(), slices.Values(file))
				require.NoError(s, err)
				assert.Equal(s, []loyalty.Reconciled{{Unit: "bean", File: 107, Ledger: 107}}, compared.Units)
				assert.Empty(s, compared.Dates, "each lot has its dates")
				s.now = soon
				s.has("ada", 60)
				s.now = late
				s.has("ada", 0)
			},
		},
		{
			Number: 49, Slug: "no_reason_is_shown",
			Bug:   "Points had been taken off by hand, and nobody could say by whom or why; a reset left no trace at all.",
			Naive: "overwrites the balance",
			Mistakes: []Mistake{{
				Name: "no reason is asked for",
				Seen: `Expected error with "invalid" in chain but got nil`,
				Does: changes(func(_ *Shop, cmd *loyalty.Adjust) { cmd.Reason, cmd.Actor = "correction", "system" }),
			}},
			Run: func(s *Shop) {
				s.members("ada")
				s.buys("ada", "1001", "100.00")
				s.refuses(loyalty.ErrInvalid, loyalty.Adjust{Member: "ada", Key: s.key(), Unit: "bean", Points: -100})
				s.do(loyalty.Adjust{Member: "ada", Key: s.key(), Unit: "bean", Points: -100, Reason: "fraud, case 17", Actor: "clerk 4"})
				s.has("ada", 0)
				var last loyalty.Operation
				entries := 0
				for op, err := range s.engine.History(s.Context(), "ada") {
					require.NoError(s, err)
					last, entries = op, entries+len(op.Entries)
				}
				assert.Equal(s, "fraud, case 17", last.Reason)
				assert.Equal(s, "clerk 4", last.Actor)
				assert.Equal(s, 2, entries, "the award is still there, beside what took it back")
			},
		},
		{
			Number: 58, Slug: "customers_are_not_enrolled",
			Bug:   "Switching on automatic enrollment left out those who were customers already, and gave empty cards to others.",
			Naive: "enrolls on an event that old customers never have",
			Mistakes: []Mistake{{
				Name: "those who were there are left out",
				Seen: "the member is not enrolled",
				Does: forgets(func(cmd loyalty.Enroll) bool { return cmd.Key == "bulk" }),
			}, {
				Name: "who has no card is given one",
				Seen: `Expected error with "the member is not enrolled" in chain but got nil`,
				Does: allows(func(_ *Shop, cmd loyalty.Earn) []loyalty.Command {
					return []loyalty.Command{loyalty.Enroll{Member: cmd.Member, Key: "auto"}, cmd}
				}),
			}},
			Run: func(s *Shop) {
				s.members("bob")
				all := []loyalty.Command{}
				for _, id := range []string{"ada", "bob", "cyd"} {
					all = append(all, loyalty.Enroll{Member: id, Key: "bulk"})
				}
				for range 2 {
					for _, err := range s.all(all) {
						if err != nil {
							require.ErrorIs(s, err, loyalty.ErrAlreadyEnrolled)
						}
					}
				}
				for _, id := range []string{"ada", "bob", "cyd"} {
					assert.EqualValues(s, 1, s.member(id).Version)
				}
				_, err := s.engine.Member(s.Context(), "dan")
				require.ErrorIs(s, err, loyalty.ErrNotEnrolled, "nobody gets a card that they did not ask for")
				s.refuses(loyalty.ErrNotEnrolled, loyalty.Earn{Member: "dan", Key: s.key(), Order: order("1001", "1.00")})
			},
		},
	}
}

// daily gives a bean once a day.
type daily struct{ Member, Key string }

// Plan implements loyalty.Command.
func (c daily) Plan() loyalty.Plan {
	return loyalty.Plan{Member: c.Member, Key: c.Key, Records: loyalty.OncePer("visit", loyalty.Day)}
}

// Apply implements loyalty.Command.
func (c daily) Apply(_ context.Context, tx *loyalty.Tx) error {
	if err := tx.Once("visit", loyalty.Day); err != nil {
		return err
	}
	return tx.Credit("bean", 1)
}

// noScans is a store whose listings fail: a command must not need them.
type noScans struct{ storage.Store }

var errScan = errors.New("a command lists rows")

func (noScans) Accounts(context.Context, storage.AccountQuery) (storage.Page[storage.Account], error) {
	return storage.Page[storage.Account]{}, errScan
}

func (noScans) Lots(context.Context, storage.MemberQuery) (storage.Page[storage.Lot], error) {
	return storage.Page[storage.Lot]{}, errScan
}

func (noScans) Entries(context.Context, storage.MemberQuery) (storage.Page[storage.Entry], error) {
	return storage.Page[storage.Entry]{}, errScan
}

func (noScans) Operations(context.Context, storage.MemberQuery) (storage.Page[storage.Operation], error) {
	return storage.Page[storage.Operation]{}, errScan
}

func (noScans) Records(context.Context, storage.RecordQuery) (storage.Page[storage.Record], error) {
	return storage.Page[storage.Record]{}, errScan
}

// rowCounter counts the rows that loads and listings bring.
type rowCounter struct {
	storage.Store
	rows int
}

func (c *rowCounter) Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	snaps, err := c.Store.Load(ctx, requests)
	for i := range snaps {
		c.rows += len(snaps[i].Lots) + len(snaps[i].Records) + len(snaps[i].DueRecords)
	}
	return snaps, err
}

func (c *rowCounter) Lots(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Lot], error) {
	page, err := c.Store.Lots(ctx, query)
	c.rows += len(page.Items)
	return page, err
}

func (c *rowCounter) Entries(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Entry], error) {
	page, err := c.Store.Entries(ctx, query)
	c.rows += len(page.Items)
	return page, err
}
