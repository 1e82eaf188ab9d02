package loyalty_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/loyalty"
)

func TestTheTableOfBadInputHasEveryFieldOfEveryCommand(t *testing.T) {
	samples := goodCommands(time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC))
	require.Empty(t, enginetest.Unset(loyalty.KernelCommands(), samples))
}

func TestAFieldThatIsMissingInTheTableOfBadInputIsSeen(t *testing.T) {
	types := []loyalty.Command{loyalty.Enroll{}, loyalty.Refund{}, loyalty.Void{}}
	samples := []loyalty.Command{
		loyalty.Enroll{Member: "m", Key: "k", Jurisdiction: "CA-QC", OccurredAt: time.Unix(1, 0), Reason: "r", Actor: "a"},
		loyalty.Refund{Member: "m", Key: "k", Order: "o", Kind: loyalty.Voided, Full: true, OccurredAt: time.Unix(1, 0), Reason: "r", Actor: "a"},
	}
	require.Equal(t, []string{
		"loyalty.Enroll.attributes[]", "loyalty.Refund.amount", "loyalty.Refund.lines[].amount", "loyalty.Refund.lines[].line",
		"loyalty.Refund.lines[].quantity", "loyalty.Refund.pointsBack[].points", "loyalty.Refund.pointsBack[].unit", "loyalty.Void",
	}, enginetest.Unset(types, samples))
}
