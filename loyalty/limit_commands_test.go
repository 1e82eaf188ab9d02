package loyalty_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

func TestALimitOnACommandThatTheEngineDoesNotHaveIsRefusedWithThoseThatItHas(t *testing.T) {
	limited := func(command string) loyalty.Program {
		program := beans(points.NeverExpire())
		program.Limits = []loyalty.Limit{{Code: "often", Commands: []string{"earn", command}, By: loyalty.ByMember, Per: loyalty.Day, Times: 3}}
		return program
	}
	_, err := loyalty.New(loyalty.Revisions{limited("adjsut")}, memory.New(), nil)
	require.ErrorIs(t, err, loyalty.ErrInvalid)
	require.ErrorContains(t, err, `limits[0].commands[1]: "adjsut" is no command of this engine, which has "adjust", `)
	_, err = loyalty.New(loyalty.Revisions{limited("adjust")}, memory.New(), nil)
	require.NoError(t, err)
	_, err = loyalty.New(loyalty.Revisions{limited("fill-jar")}, memory.New(), nil)
	require.ErrorIs(t, err, loyalty.ErrInvalid, "a command of a feature that the engine does not list")
	_, err = loyalty.New(loyalty.Revisions{limited("fill-jar")}, memory.New(), &loyalty.Options{Features: []loyalty.Feature{jar{}}})
	require.NoError(t, err, "a command of a feature that it lists")

	dropped := beans(points.NeverExpire())
	dropped.EffectiveAt = day(2027, time.May, 1)
	_, err = loyalty.New(loyalty.Revisions{limited("fill-jar"), dropped}, memory.New(), nil)
	require.NoError(t, err, "an earlier revision may name commands of a feature that was dropped")
}
