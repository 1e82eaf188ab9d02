package enginetest

import "testing"

func Tampering(t *testing.T, open Open, options *Options)  {}
func Simulation(t *testing.T, open Open, options *Options) {}
func Overflow(t *testing.T, open Open)                     {}
