package loyalty_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// The engine's own operations and commands have these types.
type (
	settle struct{ Member, Key string }
	gather struct{ Member, Key string }
	earn   struct{ Member, Key string }
)

func (c settle) Plan() loyalty.Plan { return loyalty.Plan{Member: c.Member, Key: c.Key} }

func (c gather) Plan() loyalty.Plan { return loyalty.Plan{Member: c.Member, Key: c.Key} }

func (c earn) Plan() loyalty.Plan                       { return loyalty.Plan{Member: c.Member, Key: c.Key} }
func (settle) Apply(context.Context, *loyalty.Tx) error { return nil }
func (gather) Apply(context.Context, *loyalty.Tx) error { return nil }
func (earn) Apply(context.Context, *loyalty.Tx) error   { return nil }

func TestACommandOfAHostDoesNotPassForOneOfTheEngine(t *testing.T) {
	s := openShop(t, beans(points.NeverExpire()))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	for _, cmd := range []loyalty.Command{settle{"anna", "k"}, gather{"anna", "k"}, earn{"anna", "k"}, struct{ ask }{ask{"anna", "k"}}} {
		_, err := s.Do(t.Context(), cmd)
		require.ErrorIsf(t, err, loyalty.ErrInvalid, "%T", cmd)
		require.ErrorContainsf(t, err, "type", "%T", cmd)
	}
}
