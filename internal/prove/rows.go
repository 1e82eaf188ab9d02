package main

// row is a line of the scorecard: what is proven, and the tests that prove it.
type row struct {
	id    string
	title string
	// tests names packages and the tests in them that log the row's figures.
	tests []proof
	// missing says why a row has no tests yet.
	missing string
}

// proof is a set of tests in one package.
type proof struct {
	module  string
	pattern string
	run     string
}

const (
	core  = "."
	prove = "./internal/prove"
	bench = "./internal/bench"
)

// rows lists every row of the scorecard, in order.
func rows() []row {
	return []row{
		{id: "R1", title: "PostgreSQL killed under load", tests: []proof{{prove, "./faults", "R1Nothing"}}},
		{id: "R2", title: "controls of R1 that must fail", tests: []proof{{prove, "./faults", "R2With|Auditor"}}},
		{id: "R3", title: "MariaDB killed under load, and controls that must fail", tests: []proof{{prove, "./faults", "R3"}}},
		{id: "R4", title: "SQLite: SIGKILL of the process", tests: []proof{{prove, ".", "KilledIsLost|WhenTheProcessIsKilled|AcknowledgesTooEarly"}}},
		{id: "R5", title: "SQLite: power cut", tests: []proof{{prove, ".", "R5"}}},
		{id: "R6", title: "caller killed under group commit", tests: []proof{{prove, ".", "WhenTheCallerEnds"}}},
		{id: "R7", title: "answer cut after commit", tests: []proof{{prove, "./faults", "R7"}}},
		{id: "R8", title: "one key, many callers", tests: []proof{{core, "./loyalty/...", "R8"}, {prove, ".", "R8"}}},
		{id: "R9", title: "double spend, oversold stock", tests: []proof{{core, "./loyalty/...", "R9"}, {prove, ".", "R9"}, {prove, "./faults", "R9"}}},
		{id: "R10", title: "linearizable histories", tests: []proof{{core, "./loyalty/...", "R10"}, {prove, ".", "R10"}}},
		{id: "R11", title: "state machine against a naive model", tests: []proof{{core, "./loyalty/...", "R11"}, {prove, ".", "R11"}}},
		{id: "R12", title: "conformance of adapters", tests: []proof{
			{core, "./storage/memory/...", "TestStore$"},
			{"./storage/sqlite", ".", "KeepsTheContract"},
			{"./storage/postgres", ".", "ContractIsKept"},
			{"./internal/servertest", ".", "KeepsTheContract|KeepTheContract"},
		}},
		{id: "R13", title: "one stream on all adapters", tests: []proof{{core, "./loyalty/...", "R13"}, {prove, ".", "R13"}, {prove, "./faults", "R13"}}},
		{id: "R14", title: "simulation with faults", tests: []proof{{core, "./loyalty/...", "R14"}, {prove, ".", "R14"}}},
		{id: "R15", title: "bad input", tests: []proof{{core, "./loyalty/...", "EveryBad|NamedBad"}}},
		{id: "R16", title: "overflow", tests: []proof{{core, "./loyalty/...", "R16"}}},
		{id: "R17", title: "deadlocks on servers", tests: []proof{{prove, "./faults", "R17"}}},
		{id: "R18", title: "exhausted pools, slow and full disks", tests: []proof{{prove, "./faults", "R18"}}},
		{id: "R19", title: "migration between releases", missing: "there is one schema so far"},
		{id: "R20", title: "soak, and controls that must fail", tests: []proof{{prove, "./faults", "R20|OfASoak"}}},
		{id: "R21", title: "tampering", tests: []proof{{core, "./loyalty/...", "R21"}, {prove, ".", "R21"}}},
		{id: "R22", title: "store calls per verb", tests: []proof{{core, "./loyalty/...", "StoreCallsPerVerb"}}},
		{id: "K1", title: "intervals of models hold the truth", tests: []proof{{"./kpi/clv", ".", "IntervalsCoverTheTruth"}}},
	}
}
