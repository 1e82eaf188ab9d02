package bugrecord

import (
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func expiryCases() []Case {
	return []Case{
		{
			Number: 12, Slug: "expiry_collapses_the_balance",
			Bug:   "When old points expired, the balance fell by what had been spent of them long before.",
			Naive: "subtracts all that was ever spent from the points that have not expired",
			Mistakes: []Mistake{{
				Name:  "all that was ever spent is subtracted from what has not expired",
				Seen:  "ada has bean -20 available, and should have bean 80",
				Shows: subtractsAllSpent,
			}},
			Run: func(s *Shop) {
				s.members("ada")
				s.buys("ada", "1001", "100.00")
				s.spends("ada", 100)
				s.days(300)
				s.buys("ada", "1002", "80.00")
				s.days(100)
				s.has("ada", 80)
				s.runDue()
				s.has("ada", 80)
				assert.EqualValues(s, 0, s.books()[points.Expired])
			},
		},
		{
			Number: 13, Slug: "unlabelled_points_never_expire",
			Bug:   "Points without the right label, such as gifts from a clerk, never expired.",
			Naive: "selects what expires by a text on the row",
			Mistakes: []Mistake{{
				Name: "only points of orders expire",
				Seen: "ada has bean 20 available, and should have bean",
				Store: func(s *Shop) storage.Store {
					return onLots(s.store, func(lot *points.Lot) {
						if lot.Source == "" {
							lot.ExpiresAt = points.Never
						}
					})
				},
			}},
			Run: func(s *Shop) {
				s.opens(func(p *loyalty.Program) {
					p.Earning = append(p.Earning, points.Rule{Code: "birthday", Activity: "birthday", Bonus: 30})
				})
				s.members("ada", "bob")
				s.buys("ada", "1001", "10.00")
				s.do(loyalty.Adjust{Member: "ada", Key: s.key(), Unit: "bean", Points: 20, Reason: "sorry", Actor: "clerk"})
				s.do(loyalty.Fact{Member: "ada", Key: s.key(), Activity: "birthday"})
				s.do(loyalty.Transfer{Member: "ada", Key: s.key(), To: "bob", Unit: "bean", Points: 5})
				s.days(400)
				s.has("ada", 0)
				s.has("bob", 0)
				s.runDue()
				assert.EqualValues(s, 60, s.books()[points.Expired])
			},
		},
		{
			Number: 14, Slug: "expiry_switch_is_never_read",
			Bug:   "A shop switched expiry on, the setting was saved, and nothing expired.",
			Naive: "stores an option that no code reads",
			Mistakes: []Mistake{{
				Name:  "nothing expires",
				Seen:  "ada has bean 10 available, and should have bean",
				Rules: func(p *loyalty.Program) { p.Units[0].Expiry = points.NeverExpire() },
			}},
			Run: func(s *Shop) {
				for _, c := range []struct {
					program string
					expiry  points.Expiry
					left    points.Amount
				}{
					{"never", points.NeverExpire(), 10},
					{"in a month", points.ExpireAfter(1, points.Months), 0},
					{"in three", points.ExpireAfter(3, points.Months), 10},
					{"at the month's end", points.ExpireAfter(1, points.Days).At(points.EndOfMonth), 0},
					{"at the year's end", points.ExpireAfter(1, points.Days).At(points.EndOfYear), 10},
				} {
					s.now = opening
					s.opens(func(p *loyalty.Program) { p.ID, p.Units[0].Expiry = s.another(c.program), c.expiry })
					s.members("ada")
					s.buys("ada", "1001", "10.00")
					s.days(45)
					s.has("ada", c.left)
				}
			},
		},
		{
			Number: 15, Slug: "only_the_first_expiry_is_shown",
			Bug:   "Customers saw the first date on which points expire, and were surprised by the second.",
			Naive: "keeps one expiry date for an account",
			Mistakes: []Mistake{{
				Name:  "the first date is shown",
				Seen:  "should have 3 item(s), but has 1",
				Shows: func(_ *Shop, m *loyalty.Member) { m.Expiring = m.Expiring[:min(1, len(m.Expiring))] },
			}},
			Run: func(s *Shop) {
				s.members("ada")
				for i, amount := range []string{"10.00", "20.00", "30.00"} {
					s.buys("ada", string(rune('A'+i)), amount)
					s.days(40)
				}
				schedule := s.member("ada").Expiring
				require.Len(s, schedule, 3)
				for i, want := range []points.Amount{10, 20, 30} {
					assert.Equal(s, want, schedule[i].Points)
					if i > 0 {
						assert.True(s, schedule[i-1].At.Before(schedule[i].At))
					}
				}
			},
		},
		{
			Number: 16, Slug: "balance_waits_for_the_nightly_job",
			Bug:   "Expired points stayed in the balance and in the rankings until a nightly job ran.",
			Naive: "stores the balance and changes it only in a sweep",
			Mistakes: []Mistake{{
				Name:  "the balance is what was stored last",
				Seen:  "ada has bean 10 available, and should have bean",
				Shows: showsStored,
			}},
			Run: func(s *Shop) {
				s.members("ada")
				s.buys("ada", "1001", "10.00")
				expires := s.member("ada").Expiring[0].At
				s.now = expires.Add(-time.Microsecond)
				s.has("ada", 10)
				s.now = expires
				s.has("ada", 0)
				s.refuses(loyalty.ErrInsufficientPoints, loyalty.Spend{Member: "ada", Key: s.key(), Unit: "bean", Points: 1})
				s.runDue()
				s.runDue()
				s.has("ada", 0)
				assert.EqualValues(s, 10, s.books()[points.Expired], "booked once")
			},
		},
		{
			Number: 17, Slug: "expiry_shifts_with_the_zone",
			Bug:   "Points expired hours too early or too late, by the zone of the server, and could be used after the date.",
			Naive: "counts days in the server's zone or in UTC",
			Mistakes: []Mistake{{
				Name:  "days are those of UTC",
				Seen:  `actual : "2027-04-20 12:00"`,
				Rules: func(p *loyalty.Program) { p.Zone = "UTC" },
			}},
			Run: func(s *Shop) {
				s.opens(func(p *loyalty.Program) {
					p.Zone, p.Units[0].Expiry = "Pacific/Auckland", points.ExpireAfter(30, points.Days)
				})
				s.members("ada")
				s.now = time.Date(2027, time.March, 20, 11, 30, 0, 0, time.UTC) // past midnight of the 21st in Auckland, clocks change on 4 April
				s.buys("ada", "1001", "10.00")
				auckland, err := time.LoadLocation("Pacific/Auckland")
				require.NoError(s, err)
				expires := s.member("ada").Expiring[0].At
				assert.Equal(s, "2027-04-21 00:00", expires.In(auckland).Format("2006-01-02 15:04"), "the end of the 30th day there, past the change of the clocks")
				s.now = expires
				s.refuses(loyalty.ErrInsufficientPoints, loyalty.Spend{Member: "ada", Key: s.key(), Unit: "bean", Points: 10})
			},
		},
		{
			Number: 18, Slug: "changed_zone_moves_the_past",
			Bug:   "A shop moved its program to another zone, and last month's records moved with it.",
			Naive: "stores days and computes instants from today's setting",
			Mistakes: []Mistake{{
				Name: "dates are read in the zone of now",
				Seen: "actual : time.Date(2028, time.March, 9, 8, 0",
				Shows: func(s *Shop, m *loyalty.Member) {
					was, err := time.LoadLocation(s.program.Zone)
					require.NoError(s, err)
					is, err := time.LoadLocation(s.engine.Program(s.now).Zone)
					require.NoError(s, err)
					for i := range m.Expiring {
						at := m.Expiring[i].At.In(was)
						m.Expiring[i].At = time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), 0, 0, 0, is).UTC()
					}
				},
			}},
			Run: func(s *Shop) {
				s.members("ada")
				s.buys("ada", "1001", "10.00")
				before := s.member("ada").Expiring[0].At
				moved := s.program
				moved.Zone, moved.EffectiveAt = "America/Los_Angeles", opening.AddDate(0, 0, 10)
				s.opens(nil, moved)
				s.days(20)
				assert.Equal(s, before, s.member("ada").Expiring[0].At, "what is recorded stays")
				s.buys("ada", "1002", "20.00")
				schedule := s.member("ada").Expiring
				require.Len(s, schedule, 2)
				assert.Equal(s, before, schedule[0].At)
				assert.Equal(s, 7, schedule[1].At.Hour(), "midnight in Los Angeles, from now on")
			},
		},
		{
			Number: 19, Slug: "how_to_say_never",
			Bug:   "Nobody knew whether a validity of 0 days meant never or at once.",
			Naive: "reads zero as never",
			Mistakes: []Mistake{{
				Name: "nothing said is never",
				Seen: `Expected error with "invalid" in chain but got nil`,
				Rules: func(p *loyalty.Program) {
					if p.Units[0].Expiry.After.N == 0 {
						p.Units[0].Expiry = points.NeverExpire()
					}
				},
			}},
			Run: func(s *Shop) {
				silent := s.program
				silent.Units = []points.Unit{{Code: "bean"}}
				require.ErrorIs(s, s.mistakenly(silent).Validate(), loyalty.ErrInvalid)
				silent.Units = []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(0, points.Days)}}
				require.ErrorIs(s, s.mistakenly(silent).Validate(), loyalty.ErrInvalid)
				s.opens(func(p *loyalty.Program) { p.Units[0].Expiry = points.NeverExpire() })
				s.members("ada")
				s.buys("ada", "1001", "10.00")
				s.now = s.now.AddDate(100, 0, 0)
				s.has("ada", 10)
				assert.True(s, points.IsNever(s.member("ada").Lots[0].ExpiresAt))
			},
		},
	}
}
