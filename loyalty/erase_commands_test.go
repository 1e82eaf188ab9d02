package loyalty_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/loyalty"
)

// unmarked lists the texts of commands that take no mark: codes of the program, and ids
// of what is there already, which the commands that made it had marked.
var unmarked = []string{
	"reward", "option", "channel", "ladder", "tier", "metric", "jurisdiction", "gates", "order", "line", "hold", "redemption", "code",
	"highest", "next", "by",
}

// TestNoTextOfAnyCommandSurvivesAnErasure marks every text of every command there is.
func TestNoTextOfAnyCommandSurvivesAnErasure(t *testing.T) {
	done := map[reflect.Type]bool{}
	for i, cmd := range goodCommands(badShop(t).now) {
		t.Run(fmt.Sprintf("%d %T", i, cmd), func(t *testing.T) {
			s := badShop(t)
			claims := enginetest.NewClaims(s.store)
			engine := s.WithStore(claims)
			done[reflect.TypeOf(cmd)] = true
			marked, n, refused := enginetest.Marked(t.Context(), engine, cmd)
			require.Positive(t, n)
			require.Subset(t, unmarked, refused, "what takes no mark is a code, or known")
			_, err := engine.Do(t.Context(), marked)
			require.NoError(t, err)
			before, err := enginetest.Traces(t.Context(), claims, "beans", enginetest.Mark)
			require.NoError(t, err)
			if _, erases := cmd.(loyalty.Erase); !erases {
				require.NotEmpty(t, before, "the mark can be found before")
			}
			member := cmd.Plan().Member
			_, err = engine.Do(t.Context(), loyalty.Erase{Member: member, Key: "forget"})
			require.NoError(t, err)
			found, err := enginetest.Traces(t.Context(), claims, "beans", enginetest.Mark)
			require.NoError(t, err)
			require.Empty(t, found)
			s.now = s.now.AddDate(1, 6, 0)
			due, err := engine.RunDue(t.Context(), nil)
			require.NoError(t, err)
			require.Empty(t, due.Failed)
			found, err = enginetest.Traces(t.Context(), claims, "beans", enginetest.Mark)
			require.NoError(t, err)
			require.Empty(t, found, "nor does it come back with time")
			s.verify()
		})
	}
	for _, cmd := range loyalty.KernelCommands() {
		require.True(t, done[reflect.TypeOf(cmd)], "%T is not among the commands that are marked", cmd)
	}
}
