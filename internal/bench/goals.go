package main

import "fmt"

// goal is a figure that a case should hold.
type goal struct {
	Name    string  `json:"name"`
	Wanted  float64 `json:"wanted"`
	Reached float64 `json:"reached"`
	// AtMost is set where the figure must not be above what is wanted.
	AtMost bool `json:"at_most,omitempty"`
	Met    bool `json:"met"`
	// Unsteady is set where no run was steady enough to tell.
	Unsteady bool `json:"unsteady,omitempty"`
}

func (g goal) String() string {
	if g.Unsteady {
		return fmt.Sprintf("goal: %s: no run was steady enough to tell", g.Name)
	}
	verdict, relation := "missed", "at least"
	if g.Met {
		verdict = "met"
	}
	if g.AtMost {
		relation = "at most"
	}
	return fmt.Sprintf("goal %s: %s %s %g, reached %.4g", verdict, g.Name, relation, g.Wanted, g.Reached)
}

// minimalGoals are the shares of the minimal limit that cases should reach, by store,
// number of callers and case.
var minimalGoals = map[string]map[int]map[string]float64{
	"postgres": {
		1:  {"earn": 0.5, "spend": 0.4, "hold": 0.5, "capture": 0.5, "void": 0.5, "replay-key": 1.5, "member": 0.8, "member-few": 0.8},
		8:  {"earn": 0.7},
		32: {"earn": 1, "earn-hot": 3},
	},
	"mysql":  {1: {"earn": 0.4}},
	"sqlite": {1: {"earn": 0.5}, 32: {"earn": 2}},
}

// ladderGoal is how much processor time an order with a ladder may take, of that without.
const ladderGoal = 1.5

// importGoal is how many orders a second an import into PostgreSQL should reach.
const importGoal = 15000

// goalsOf lists what a case should hold, and whether it does.
func goalsOf(r *result, store string) []goal {
	var goals []goal
	atLeast := func(name string, wanted float64, ratio *float64) {
		g := goal{Name: name, Wanted: wanted, Unsteady: ratio == nil}
		if ratio != nil {
			g.Reached, g.Met = *ratio, *ratio >= wanted
		}
		goals = append(goals, g)
	}
	atMost := func(name string, wanted, reached float64) {
		goals = append(goals, goal{Name: name, Wanted: wanted, Reached: reached, AtMost: true, Met: reached <= wanted})
	}
	if r.Case == "earn-tier" && r.Clients == 1 {
		atMost("processor time with a ladder, of that without", ladderGoal, r.CPUTimesAgainst)
	}
	wanted, some := minimalGoals[store][r.Clients][r.Case]
	switch {
	case r.Engines > 1 && store == "postgres" && r.Case == "earn-hot":
		atLeast("share of the minimal limit from several engines", 0.4, r.Ratio)
	case r.Engines > 1:
	case store == "sql":
		atLeast("share of the engine on pgx", 0.8, r.SameRowsRatio)
	case store == "postgres" && r.Case == "import":
		atLeast("orders a second", importGoal, &r.OpsPerSecond)
	case some:
		atLeast("share of the minimal limit", wanted, r.Ratio)
	}
	if store != "postgres" {
		return goals
	}
	switch {
	case r.Case == "earn" && r.Clients == 1:
		atMost("p99, of the minimal limit's", 2, r.P99/r.LimitP99)
	case r.Case == "earn-hot" && r.Clients == 32:
		atMost("p99, of p50", 20, r.P99/r.P50)
		if r.Engines == 1 {
			atMost("p99 in milliseconds", 5, r.P99)
		}
	case r.Case == "earn" && r.Clients == 8:
		atMost("microseconds of processor time, client and server", 250, r.CPUPerOp+r.ServerCPUPerOp)
	}
	return goals
}
