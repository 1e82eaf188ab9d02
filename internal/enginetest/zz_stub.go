package enginetest

import "testing"

func Simulation(t *testing.T, open Open, options *Options) {}
