package kpi_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
)

func TestAccumulatorsTellTheDefaultsThatTheyWereMadeWith(t *testing.T) {
	scores, err := kpi.NewRFMAccumulator(nil)
	require.NoError(t, err)
	assert.Equal(t, kpi.RFMOptions{Zone: time.UTC, Method: kpi.ByQuantile, Groups: 5, Segments: kpi.DefaultSegments()}, scores.Options())
	cuts, err := kpi.NewRFMAccumulator(&kpi.RFMOptions{Method: kpi.ByCuts, RecencyCuts: []float64{30}, FrequencyCuts: []float64{2}, MonetaryCuts: []float64{10}})
	require.NoError(t, err)
	assert.Equal(t, 2, cuts.Options().Groups)
	assert.Nil(t, cuts.Options().Segments)
	summaries, err := kpi.NewSummaryAccumulator(&kpi.SummaryOptions{Unit: kpi.InWeeks})
	require.NoError(t, err)
	assert.Equal(t, kpi.SummaryOptions{Zone: time.UTC, Grain: kpi.ByDay, Unit: kpi.InWeeks}, summaries.Options())
	cohorts, err := kpi.NewCohortAccumulator(nil)
	require.NoError(t, err)
	assert.Equal(t, kpi.CohortOptions{Zone: time.UTC, Bucket: kpi.Monthly}, cohorts.Options())
}
