package loyalty_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestTheSourceOfAnEventIsAURIWhateverTheProgramIsCalled(t *testing.T) {
	program := beans(points.NeverExpire())
	program.ID = "Bohnen & Söhne 100%"
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	report, err := s.Deliver(t.Context(), func(_ context.Context, e loyalty.Event) error {
		source, err := url.Parse(e.Source)
		require.NoError(t, err)
		require.Equal(t, "/loyaltykit/"+program.ID, source.Path)
		require.Equal(t, source.String(), e.Source)
		return nil
	}, nil)
	require.NoError(t, err)
	require.Equal(t, 1, report.Delivered)
}
