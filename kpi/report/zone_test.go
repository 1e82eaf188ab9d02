package report_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/liability"
	"github.com/loyaltykit/loyaltykit/kpi/report"
)

func TestAMonthOfTheLiabilityIsThatOfItsZone(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	month := kpi.CalendarMonth(2027, time.January, vienna)
	month.Start, month.End = month.Start.UTC(), month.End.UTC()
	page := write(t, report.Report{Title: "Café", Liability: &liability.Roll{Movements: []liability.Movement{{Period: month}}}})
	assert.Contains(t, page, "2027-01")
	assert.NotContains(t, page, "2026-12")
}

func TestAScoreOnTopIsAWholeNumber(t *testing.T) {
	now, err := kpi.NPSOfOpinions(kpi.Opinions{Promoters: 89, Passives: 67, Detractors: 44}, nil)
	require.NoError(t, err)
	before, err := kpi.NPSOfOpinions(kpi.Opinions{Promoters: 41, Passives: 40, Detractors: 20}, nil)
	require.NoError(t, err)
	page := write(t, report.Report{Title: "Café", Headlines: []report.Headline{{Name: "NPS", Figure: now.Score, Before: before.Score}}})
	assert.Contains(t, page, "<strong>23</strong><span>11.4 to 32.9 (95 %)</span><span>&#43;1.7 from 21</span>", "22.5 is shown as 23")
}

func TestAChangeIsShownOfFiguresOfOneKindOnly(t *testing.T) {
	figure := kpi.Estimate("average_order_value", kpi.Money, 12).Priced("EUR")
	for name, before := range map[string]kpi.Figure{
		"another key":      kpi.Estimate("revenue_per_member", kpi.Money, 10).Priced("EUR"),
		"another unit":     kpi.Estimate("average_order_value", kpi.Count, 10).Priced("EUR"),
		"another currency": kpi.Estimate("average_order_value", kpi.Money, 10).Priced("USD"),
	} {
		page := write(t, report.Report{Title: "Café", Headlines: []report.Headline{{Name: "Average order", Figure: figure, Before: before}}})
		assert.NotContains(t, page, " from 10", name)
	}
	before := kpi.Estimate("average_order_value", kpi.Money, 10).Priced("EUR")
	page := write(t, report.Report{Title: "Café", Headlines: []report.Headline{{Name: "Average order", Figure: figure, Before: before}}})
	assert.Contains(t, page, " from 10")
}
