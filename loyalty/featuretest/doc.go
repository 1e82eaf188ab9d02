// Package featuretest has tests for those who write a feature of the engine: what a
// feature owes a member, and what no test of the feature's own can see for all that it
// stores.
package featuretest
