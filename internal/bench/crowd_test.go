package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
)

func TestManyMembersAreHeldAgainstFew(t *testing.T) {
	for _, imported := range []int{0, 150} {
		o := options{store: "postgres", dsn: servers.Postgres(t).URL, members: 400, imported: imported, few: 100, seconds: 0.3, json: true}
		heldAgainstFew(t, &o)
	}
}

func heldAgainstFew(t *testing.T, o *options) {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, o.runCrowd(t.Context(), &out))
	var cases []string
	for lines := json.NewDecoder(&out); lines.More(); {
		var r crowdResult
		require.NoError(t, lines.Decode(&r))
		cases = append(cases, r.Case)
		assert.Equal(t, 400, r.Members)
		assert.Positive(t, r.P99)
		assert.InDelta(t, r.P99/r.P99Of, r.Ratio, 1e-9)
		assert.Greater(t, r.BytesPerMember, int64(500))
		assert.Greater(t, r.BytesPerOrder, int64(500))
		assert.Positive(t, r.ImportPerSec)
	}
	assert.Equal(t, crowdCases, cases)
}

func TestSettingsGoToTheServerThatHasManyMembers(t *testing.T) {
	for says, args := range map[string][]string{
		"name=value":      {"-store", "postgres", "-members", "100", "-set", "shared_buffers"},
		"-members":        {"-store", "postgres", "-set", "work_mem=8MB"},
		"-store postgres": {"-kpi", "-set", "work_mem=8MB"},
		"leave -dsn away": {"-store", "postgres", "-members", "100", "-dsn", "postgres://localhost", "-set", "work_mem=8MB"},
		"no_such_setting": {"-store", "postgres", "-members", "100", "-set", "no_such_setting=1"},
	} {
		t.Run(says, func(t *testing.T) {
			if says == "no_such_setting" {
				servers.Postgres(t)
			}
			var out bytes.Buffer
			assert.ErrorContains(t, run(t.Context(), args, &out), says)
		})
	}
}
