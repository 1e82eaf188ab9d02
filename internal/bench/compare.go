package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"time"
)

// ground is a kind of store, with what can be raced on it. Each run starts from
// the scenario's seed.
type ground interface {
	// engine times the scenario's operations on the engine.
	engine(ctx context.Context, s *scenario, callers int, t timing) (window, error)
	// limit times hand-written code on a number of connections.
	limit(ctx context.Context, s *scenario, which limit, callers, connections int, t timing) (window, error)
	// connections lists the numbers of connections worth trying.
	connections(callers int) []int
	// operations is how many to prepare for a case that is timed for some seconds in
	// all, at most maxOperations: a run that uses them up ends there.
	operations(seconds float64) int
	// explain says what the limits do.
	explain(out io.Writer)
}

// limit is one of the two hand-written limits.
type limit int

const (
	// minimal writes a key row, a ledger row and a balance row.
	minimal limit = iota
	// sameRows writes, or reads, exactly the rows that the engine does.
	sameRows
)

// wantedTurns is how many turns a case has that is compared with another.
const wantedTurns = 9

// The method: three triples of limit, case, limit are wanted of at most five. In
// one that counts the two limits differ by at most 15 %.
const (
	wantedTriples = 3
	mostTriples   = 5
	tolerance     = 0.15
)

// result is what is reported of a case.
type result struct {
	Case                string   `json:"case"`
	Clients             int      `json:"clients"`
	OpsPerSecond        float64  `json:"ops_per_second"`
	LimitPerSecond      float64  `json:"limit_per_second"`
	SameRowsLimitPerSec float64  `json:"same_rows_limit_per_second"`
	Ratio               *float64 `json:"ratio"`
	SameRowsRatio       *float64 `json:"same_rows_ratio"`
	P50                 float64  `json:"p50_ms"`
	P99                 float64  `json:"p99_ms"`
	LimitP99            float64  `json:"limit_p99_ms"`
	Engines             int      `json:"engines"`
	// Goals are those that the case has, with what it reached.
	Goals       []goal  `json:"goals,omitempty"`
	RowsPerOp   float64 `json:"rows_per_op"`
	AllocsPerOp float64 `json:"allocs_per_op"`
	// The processor time per operation is disturbed least by others on the machine.
	CPUPerOp              float64 `json:"cpu_us_per_op"`
	LimitCPUPerOp         float64 `json:"limit_cpu_us_per_op"`
	SameRowsLimitCPUPerOp float64 `json:"same_rows_limit_cpu_us_per_op"`
	// That of a server on this machine, without the client's.
	ServerCPUPerOp      float64 `json:"server_cpu_us_per_op"`
	LimitServerCPUPerOp float64 `json:"limit_server_cpu_us_per_op"`

	// Against is the case that this one was timed in turn with. TimesAgainst is how many
	// times its time an operation took, the median of the turns, and CPUTimesAgainst how
	// many times its processor time, each in the turn in which it took least.
	Against         string  `json:"against,omitempty"`
	TimesAgainst    float64 `json:"times_against,omitzero"`
	CPUTimesAgainst float64 `json:"cpu_times_against,omitzero"`

	ThrownAway            int `json:"thrown_away"`
	SameRowsThrownAway    int `json:"same_rows_thrown_away"`
	LimitConnections      int `json:"limit_connections"`
	SameRowsLimitConnects int `json:"same_rows_limit_connections"`
}

// comparison races the engine with the limits in one scenario.
type comparison struct {
	store    string
	ground   ground
	scenario *scenario
	clients  int
	length   time.Duration
	// alone leaves the limits out.
	alone bool
	// best is the best number of connections for each limit.
	best [2]int
	// others are the windows of the case that this one is timed in turn with.
	others []window
}

func (c *comparison) run(ctx context.Context) (result, error) {
	if c.scenario.stream {
		c.clients = 1
	}
	if c.alone {
		w, err := c.time(ctx, c.length)
		if err != nil {
			return result{}, err
		}
		return c.result([]window{w}, nil), nil
	}
	if c.scenario.unlimited {
		return c.turns(ctx)
	}
	for _, which := range []limit{minimal, sameRows} {
		if err := c.choose(ctx, which); err != nil {
			return result{}, err
		}
	}
	before, err := c.anchors(ctx)
	if err != nil {
		return result{}, err
	}
	anchors := []anchor{before}
	var windows []window
	for len(windows) < mostTriples {
		w, err := c.time(ctx, c.length/wantedTriples)
		if err != nil {
			return result{}, err
		}
		after, err := c.anchors(ctx)
		if err != nil {
			return result{}, err
		}
		windows, anchors = append(windows, w), append(anchors, after)
		if len(steady(anchors, minimal)) >= wantedTriples && len(steady(anchors, sameRows)) >= wantedTriples {
			break
		}
	}
	return c.result(windows, anchors), nil
}

// turns times a scenario of which there are no limits.
func (c *comparison) turns(ctx context.Context) (result, error) {
	c.alone = true
	var windows []window
	for range wantedTurns {
		w, err := c.time(ctx, c.length/wantedTurns)
		if err != nil {
			return result{}, err
		}
		windows = append(windows, w)
	}
	return c.result(windows, nil), nil
}

// time times the scenario, and the one that it is compared with.
func (c *comparison) time(ctx context.Context, length time.Duration) (window, error) {
	if other := c.scenario.against; other != nil {
		w, err := c.ground.engine(ctx, other, c.clients, windowOf(length))
		if err != nil {
			return w, err
		}
		c.others = append(c.others, w)
	}
	return c.ground.engine(ctx, c.scenario, c.clients, windowOf(length))
}

// choose finds the number of connections with which a limit is fastest.
func (c *comparison) choose(ctx context.Context, which limit) error {
	var highest float64
	connections := c.ground.connections(c.clients)
	c.best[which] = connections[0]
	if len(connections) == 1 {
		return nil
	}
	for _, n := range connections {
		w, err := c.ground.limit(ctx, c.scenario, which, c.clients, n, windowOf(c.length/20))
		if err != nil {
			return fmt.Errorf("limit on %d connections: %w", n, err)
		}
		if rate := w.rate(); rate > highest {
			highest, c.best[which] = rate, n
		}
	}
	return nil
}

// anchor is a run of each limit.
type anchor [2]window

// anchors runs both limits.
func (c *comparison) anchors(ctx context.Context) (a anchor, err error) {
	for _, which := range []limit{minimal, sameRows} {
		w, err := c.ground.limit(ctx, c.scenario, which, c.clients, c.best[which], windowOf(c.length/(2*wantedTriples)))
		if err != nil {
			return a, fmt.Errorf("limit: %w", err)
		}
		a[which] = w
	}
	return a, nil
}

// steady lists the triples whose anchors before and after agree.
func steady(anchors []anchor, which limit) []int {
	var triples []int
	for i := range len(anchors) - 1 {
		a, b := anchors[i][which].rate(), anchors[i+1][which].rate()
		if max(a, b)-min(a, b) <= tolerance*max(a, b) {
			triples = append(triples, i)
		}
	}
	return triples
}

// ratio is the median over the steady triples, nil where there is none.
func ratio(windows []window, anchors []anchor, which limit) *float64 {
	var ratios []float64
	for _, i := range steady(anchors, which) {
		ratios = append(ratios, windows[i].rate()/((anchors[i][which].rate()+anchors[i+1][which].rate())/2))
	}
	if len(ratios) == 0 {
		return nil
	}
	middle := median(ratios)
	return &middle
}

// times is how many times the time of others operations took, the median of turns, and
// how many times the processor time, of the turns in which each took least.
func times(windows, others []window) (wall, processor float64) {
	walls := make([]float64, 0, len(windows))
	least := [2]float64{math.Inf(1), math.Inf(1)}
	for i := range windows {
		walls = append(walls, others[i].rate()/windows[i].rate())
		least[0] = min(least[0], windows[i].processorPerOperation()+windows[i].serverPerOperation())
		least[1] = min(least[1], others[i].processorPerOperation()+others[i].serverPerOperation())
	}
	return median(walls), least[0] / least[1]
}

func (c *comparison) result(windows []window, anchors []anchor) result {
	r := result{Case: c.scenario.name, Clients: c.clients, Engines: max(c.scenario.engines, 1)}
	sum := sumOf(windows)
	r.OpsPerSecond = medianRate(windows)
	r.P50, r.P99 = percentile(sum.latencies, 0.50), percentile(sum.latencies, 0.99)
	r.RowsPerOp = float64(sum.rows) / float64(sum.all)
	r.AllocsPerOp = float64(sum.mallocs) / float64(sum.operations)
	r.CPUPerOp, r.ServerCPUPerOp = sum.processorPerOperation(), sum.serverPerOperation()
	if other := c.scenario.against; other != nil {
		r.Against = other.name
		r.TimesAgainst, r.CPUTimesAgainst = times(windows, c.others)
	}
	if c.alone {
		if c.scenario.against != nil {
			r.Goals = goalsOf(&r, c.store)
		}
		return r
	}
	var limits [2][]window
	for i := range anchors {
		limits[minimal] = append(limits[minimal], anchors[i][minimal])
		limits[sameRows] = append(limits[sameRows], anchors[i][sameRows])
	}
	r.LimitPerSecond, r.SameRowsLimitPerSec = medianRate(limits[minimal]), medianRate(limits[sameRows])
	bare, same := sumOf(limits[minimal]), sumOf(limits[sameRows])
	r.LimitP99 = percentile(bare.latencies, 0.99)
	r.LimitCPUPerOp, r.SameRowsLimitCPUPerOp = bare.processorPerOperation(), same.processorPerOperation()
	r.LimitServerCPUPerOp = bare.serverPerOperation()
	r.Ratio, r.SameRowsRatio = ratio(windows, anchors, minimal), ratio(windows, anchors, sameRows)
	r.ThrownAway = len(windows) - len(steady(anchors, minimal))
	r.SameRowsThrownAway = len(windows) - len(steady(anchors, sameRows))
	r.LimitConnections, r.SameRowsLimitConnects = c.best[minimal], c.best[sameRows]
	r.Goals = goalsOf(&r, c.store)
	return r
}
