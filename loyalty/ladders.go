package loyalty

import (
	"fmt"
	"maps"
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

const (
	// maxLadders bounds the ladders of a program.
	maxLadders = 10
	// maxServices bounds the services that a tier gives free of charge.
	maxServices = 100
)

// ladderProblems reports every problem of the program's ladders.
func (p *Program) ladderProblems() points.Problems {
	var metrics []string
	for i := range p.Units {
		if p.Units[i].Kind == points.Metric {
			metrics = append(metrics, p.Units[i].Code)
		}
	}
	problems := tiers.ValidateLadders("ladders", p.Ladders, metrics)
	if len(p.Ladders) > maxLadders {
		problems.Add("ladders", "at most %d fit a program, here are %d", maxLadders, len(p.Ladders))
	}
	if p.Horizon != (points.Span{}) {
		problems = append(problems, points.ValidateSpan("horizon", p.Horizon)...)
	}
	for i := range p.Ladders {
		for j := range p.Ladders[i].Tiers {
			at := fmt.Sprintf("ladders[%d].tiers[%d].benefits", i, j)
			problems = append(problems, p.benefitProblems(at, &p.Ladders[i].Tiers[j].Benefits)...)
		}
	}
	return append(problems, p.tierNameProblems()...)
}

// tierNameProblems reports names of tiers that are not clear among the ladders.
func (p *Program) tierNameProblems() points.Problems {
	var problems points.Problems
	check := func(path string, names []string) {
		for i, name := range names {
			if err := tiers.CheckName(p.Ladders, name); err != nil {
				problems.Add(fmt.Sprintf("%s[%d]", path, i), "%v", err)
			}
		}
	}
	for i := range p.Earning {
		if only := p.Earning[i].Only; only != nil {
			check(fmt.Sprintf("earning[%d].only.tiers", i), only.Tiers)
		}
	}
	for i := range p.Catalog {
		r, at := &p.Catalog[i], fmt.Sprintf("catalog[%d]", i)
		check(at+".only.tiers", r.Only.Tiers)
		for j := range r.Early {
			check(fmt.Sprintf("%s.early[%d].tiers", at, j), r.Early[j].Tiers)
		}
		for j := range r.Prices {
			check(fmt.Sprintf("%s.prices[%d].tiers", at, j), r.Prices[j].Tiers)
		}
	}
	return problems
}

// benefitProblems reports units that cannot be what benefits are about.
func (p *Program) benefitProblems(at string, b *tiers.Benefits) points.Problems {
	var problems points.Problems
	for _, code := range slices.Sorted(maps.Keys(b.Earn)) {
		if code != "" {
			problems = append(problems, spendableProblems(at+".earn."+points.Clip(code), code, p.Units)...)
		}
	}
	for _, code := range slices.Sorted(maps.Keys(b.Points)) {
		problems = append(problems, spendableProblems(at+".points."+points.Clip(code), code, p.Units)...)
	}
	problems = append(problems, p.entryRewardProblems(at+".rewards", b.Rewards)...)
	for i, service := range b.Services {
		path := fmt.Sprintf("%s.services[%d]", at, i)
		if err := points.CheckID(service, maxID); err != nil {
			problems.Add(path, "%v", err)
		} else if slices.Contains(b.Services[:i], service) {
			problems.Add(path, "%q is there twice", service)
		}
	}
	if len(b.Services) > maxServices {
		problems.Add(at+".services", "at most %d fit a tier, here are %d", maxServices, len(b.Services))
	}
	for _, key := range slices.Sorted(maps.Keys(b.Custom)) {
		if err := points.CheckID(key, maxID); err != nil {
			problems.Add(at+".custom."+points.Clip(key), "the name %v", err)
		} else if err := checkText(b.Custom[key]); err != nil {
			problems.Add(at+".custom."+key, "%v", err)
		}
	}
	return problems
}

// ladder returns the revision's ladder of a code, nil where it has none.
func (r *revision) ladder(code string) *tiers.Ladder {
	for i := range r.Ladders {
		if r.Ladders[i].Code == code {
			return &r.Ladders[i]
		}
	}
	return nil
}
