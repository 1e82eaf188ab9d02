package enginetest

import "testing"

func Linearizable(t *testing.T, open Open, options *Options) {}
func Tampering(t *testing.T, open Open, options *Options)    {}
func Simulation(t *testing.T, open Open, options *Options)   {}
func Equal(t *testing.T, a, b Open, options *Options)        {}
func Overflow(t *testing.T, open Open)                       {}
