package referral_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/referral"
	"github.com/loyaltykit/loyaltykit/points"
)

// samples has one good command of each type, with every field set that may be; two where
// fields exclude each other.
func samples() []loyalty.Command {
	at, prints := opening.Add(time.Hour), []string{"card 9", "phone 9"}
	return []loyalty.Command{
		referral.Issue{Member: "cleo", Key: "k", Code: "CLEO-BEANS", Replace: true, Fingerprints: prints, Reason: "r", Actor: "a"},
		referral.Revoke{Member: "anna", Key: "k", Reason: "r", Actor: "a"},
		referral.Accept{Member: "cleo", Key: "k", Referrer: "anna", Code: "ANNA-BEANS", Fingerprints: prints, Reason: "r", Actor: "a"},
		referral.Qualify{Member: "ben", Key: "k", Referrer: "anna", Order: "1001", Currency: "EUR", Fingerprints: prints, OccurredAt: at, Reason: "r", Actor: "a"},
		referral.Review{Member: "dan", Key: "k", Referrer: "anna", OccurredAt: at, Reason: "r", Actor: "a"},
		referral.Pay{Member: "anna", Key: "k", Friend: "dan", OccurredAt: at, Reason: "r", Actor: "a"},
		referral.Pay{Member: "dan", Key: "k", Friend: "dan", AsFriend: true},
		referral.Deny{Member: "ben", Key: "k", Referrer: "anna", Reason: "r", Actor: "a"},
		referral.Deny{Member: "anna", Key: "k", Friend: "ben", Reason: "r", Actor: "a"},
	}
}

// busy is a shop where ben and dan came by anna and have ordered.
func busy(t *testing.T) *shop {
	t.Helper()
	s := openShop(t, nil, "anna", "ben", "cleo", "dan")
	s.must(referral.Issue{Member: "anna", Key: "code", Code: "ANNA-BEANS"})
	for _, friend := range []string{"ben", "dan"} {
		s.must(s.accept(friend, "anna", "ANNA-BEANS"))
	}
	s.now = opening.Add(time.Hour)
	s.buys("ben", "1001", "20.00")
	s.buys("dan", "1002", "20.00")
	s.must(s.qualify("dan", "anna", "1002"))
	return s
}

func TestTheSamplesHaveEveryFieldOfEveryCommand(t *testing.T) {
	require.Empty(t, enginetest.Unset(referral.Feature{}.Commands(), samples()))
}

func TestCommandsSurviveJSON(t *testing.T) {
	for _, sample := range samples() {
		text, err := json.Marshal(sample)
		require.NoError(t, err)
		back := reflect.New(reflect.TypeOf(sample))
		require.NoError(t, json.Unmarshal(text, back.Interface()))
		require.Equal(t, sample, back.Elem().Interface())
	}
}

func TestBadInputIsRefusedInSoManyWords(t *testing.T) {
	typed := []error{
		loyalty.ErrInvalid, loyalty.ErrNotEnrolled, loyalty.ErrKeyReused, loyalty.ErrNotYet, loyalty.ErrSameMember,
		referral.ErrCode, referral.ErrCodeTaken, referral.ErrSelf, referral.ErrReferred, referral.ErrRing, referral.ErrNoReferral,
		referral.ErrOrder, referral.ErrNotDue,
	}
	seen := 0
	for _, sample := range samples() {
		enginetest.Spoil(sample, "\x01house/referral/x", func(path string, cmd loyalty.Command) {
			seen++
			s := busy(t)
			_, err := s.Do(t.Context(), cmd)
			if err == nil {
				s.verify()
				return
			}
			for _, want := range typed {
				if errors.Is(err, want) {
					require.Less(t, len(err.Error()), 4000, path)
					return
				}
			}
			require.Fail(t, "an error that nobody can branch on", "%s: %v", path, err)
		})
	}
	require.Greater(t, seen, 100)
}

func TestTermsGoToJSONAndBack(t *testing.T) {
	all := terms()
	all.ClawBack, all.New, all.Unused, all.Rings, all.Prefix, all.Length = true, points.Span{N: 1, Unit: points.Months}, "orders", true, "BEAN", 14
	text, err := json.Marshal(all)
	require.NoError(t, err)
	require.JSONEq(t, `{
		"minimum": [{"currency": "EUR", "amount": "20"}],
		"orderWithin": {"n": 30, "unit": "days"}, "coolingOff": {"n": 14, "unit": "days"},
		"referrer": "referral-made", "friend": "referral-joined", "clawBack": true,
		"new": {"n": 1, "unit": "months"}, "unused": "orders", "rings": true, "prefix": "BEAN", "length": 14
	}`, string(text))
	var back referral.Terms
	require.NoError(t, json.Unmarshal(text, &back))
	require.NoError(t, back.Validate())
	again, err := json.Marshal(back)
	require.NoError(t, err)
	require.JSONEq(t, string(text), string(again))
	feature, err := referral.New(back)
	require.NoError(t, err)
	require.Equal(t, back, feature.Terms())
}

func TestEveryProblemOfTheTermsIsNamed(t *testing.T) {
	for path, change := range map[string]func(*referral.Terms){
		"minimum[0].amount":   func(t *referral.Terms) { t.Minimum[0].Amount = money("-1") },
		"minimum[0].currency": func(t *referral.Terms) { t.Minimum[0].Currency = "euro" },
		"minimum[1].currency": func(t *referral.Terms) { t.Minimum = append(t.Minimum, t.Minimum[0]) },
		"orderWithin.unit":    func(t *referral.Terms) { t.OrderWithin = points.Span{} },
		"orderWithin.n":       func(t *referral.Terms) { t.OrderWithin.N = 0 },
		"coolingOff.n":        func(t *referral.Terms) { t.CoolingOff.N = 3661 },
		"coolingOff.unit":     func(t *referral.Terms) { t.CoolingOff.Unit = "hours" },
		"new.n":               func(t *referral.Terms) { t.New = points.Span{N: -1, Unit: points.Days} },
		"referrer":            func(t *referral.Terms) { t.Referrer, t.Friend = "", "" },
		"friend":              func(t *referral.Terms) { t.Friend = "a\x00" },
		"unused":              func(t *referral.Terms) { t.Unused = "\xff" },
		"length":              func(t *referral.Terms) { t.Length = 5 },
		"prefix":              func(t *referral.Terms) { t.Prefix, t.Length = "b-", 20 },
	} {
		bad := terms()
		change(&bad)
		_, err := referral.New(bad)
		require.ErrorIs(t, err, loyalty.ErrInvalid)
		var problems points.Problems
		require.ErrorAs(t, err, &problems)
		var paths []string
		for _, p := range problems {
			paths = append(paths, p.Path)
		}
		require.Equal(t, []string{path}, paths, fmt.Sprint(problems))
	}
}

func TestAnEngineWithoutTermsOrRewardsSaysSo(t *testing.T) {
	s := openShop(t, func(s *shop) { s.terms.Friend = "typo" }, "anna", "ben")
	require.Contains(t, s.refused(s.accept("ben", "anna", s.code("anna")), referral.ErrNoReward), `activity "typo"`)
	engine, err := loyalty.New(loyalty.Revisions{program()}, s.store, &loyalty.Options{
		Clock: func() time.Time { return s.now }, Features: []loyalty.Feature{referral.Feature{}},
	})
	require.NoError(t, err)
	_, err = engine.Do(t.Context(), s.accept("ben", "anna", "ANNA-BEANS"))
	require.ErrorContains(t, err, "list the Feature that referral.New returns")
}
