package kpi_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
)

func TestAZoneThatItsNameDoesNotTellIsRefused(t *testing.T) {
	start := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	makers := map[string]func(zone *time.Location) error{
		"cohorts": func(zone *time.Location) error {
			_, err := kpi.NewCohortAccumulator(&kpi.CohortOptions{Zone: zone})
			return err
		},
		"summaries": func(zone *time.Location) error {
			_, err := kpi.NewSummaryAccumulator(&kpi.SummaryOptions{Zone: zone})
			return err
		},
		"scores": func(zone *time.Location) error {
			_, err := kpi.NewRFMAccumulator(&kpi.RFMOptions{Zone: zone})
			return err
		},
		"purchases": func(zone *time.Location) error {
			_, err := kpi.NewPurchaseAccumulator(kpi.Period{Start: start, End: start.AddDate(0, 1, 0), Zone: zone}, "")
			return err
		},
		"inactivity": func(zone *time.Location) error { _, err := kpi.NewInactivityAccumulator(start, 30, zone); return err },
	}
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	for name, make := range makers {
		t.Run(name, func(t *testing.T) {
			for _, zone := range []*time.Location{
				time.FixedZone("", -12*3600), time.FixedZone("", 12*3600), time.FixedZone("UTC+2", 2*3600),
				time.FixedZone("UTC", 3600), time.FixedZone("Europe/Vienna", 3600), time.Local,
			} {
				err := make(zone)
				require.ErrorIs(t, err, kpi.ErrInvalid, zone.String())
				assert.ErrorContains(t, err, "zone: ")
			}
			for _, zone := range []*time.Location{nil, time.UTC, time.FixedZone("UTC", 0), vienna} {
				assert.NoError(t, make(zone))
			}
		})
	}
}

func TestInactivityOfTwoZonesIsNotMerged(t *testing.T) {
	asOf := time.Date(2027, 8, 1, 12, 0, 0, 0, time.UTC)
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	one, err := kpi.NewInactivity(asOf, 30, vienna)
	require.NoError(t, err)
	other, err := kpi.NewInactivity(asOf, 30, nil)
	require.NoError(t, err)
	require.ErrorIs(t, one.Merge(other), kpi.ErrInvalid)

	a, err := kpi.NewInactivityAccumulator(asOf, 30, vienna)
	require.NoError(t, err)
	b, err := kpi.NewInactivityAccumulator(asOf, 30, nil)
	require.NoError(t, err)
	require.ErrorIs(t, a.Merge(b), kpi.ErrMerge)
}
