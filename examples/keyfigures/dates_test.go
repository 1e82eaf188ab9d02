package keyfigures

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestADayStartsWhereItsClockDoes(t *testing.T) {
	asuncion, err := time.LoadLocation("America/Asuncion")
	require.NoError(t, err)
	forward, err := Day("2017-10-01", asuncion)
	require.NoError(t, err)
	assert.Equal(t, "2017-10-01T01:00:00-03:00", forward.Format(time.RFC3339))
	assert.Equal(t, forward, nextDay(forward.Add(-time.Hour)))
	assert.Equal(t, "2017-10-02T00:00:00-03:00", nextDay(forward).Format(time.RFC3339))
	assert.Equal(t, "2027-04-01T00:00:00-03:00", nextDay(startOf(2027, 3, 31, asuncion)).Format(time.RFC3339))
}
