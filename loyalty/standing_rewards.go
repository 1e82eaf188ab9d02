package loyalty

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// EntryReward is a reward that a member has for entering a tier. What it is, and its code if
// it has one, is told by [Engine.Redemption].
type EntryReward struct {
	Tier   string `json:"tier"`
	Reward string `json:"reward"`
	// Redemption is the id of the redemption, empty where the reward was out of stock.
	Redemption string `json:"redemption,omitempty"`
}

// entryRewards is what a change of a tier gave of the catalog, and what of it was taken back.
type entryRewards struct {
	issued, missed, undone, kept []EntryReward
}

// entryPrefix starts the ids of redemptions that entering a tier makes.
const entryPrefix = "tier:"

// entryRewardID names the redemption of a reward that a version of an account makes.
func entryRewardID(ladder, tier, reward string, version int64) string {
	id := entryPrefix + tiers.Name(ladder, tier) + ":" + reward + ":" + strconv.FormatInt(version, 10)
	if len(id) <= maxID {
		return id
	}
	digest := sha256.Sum256([]byte(id))
	return entryPrefix + hex.EncodeToString(digest[:16]) + ":" + strconv.FormatInt(version, 10)
}

// maxEntryRewards bounds the rewards for entering one tier.
const maxEntryRewards = 10

// entryRewardProblems reports rewards that the catalog does not have, or that cannot be given
// without asking anybody.
func (p *Program) entryRewardProblems(at string, codes []string) points.Problems {
	var problems points.Problems
	if len(codes) > maxEntryRewards {
		problems.Add(at, "at most %d, here are %d", maxEntryRewards, len(codes))
	}
	for i, code := range codes {
		path := fmt.Sprintf("%s[%d]", at, i)
		reward, known := p.Catalog.Reward(code)
		switch {
		case slices.Contains(codes[:i], code):
			problems.Add(path, "%q is named twice", points.Clip(code))
		case !known:
			problems.Add(path, "%q is not in the catalog", points.Clip(code))
		case reward.Withdrawn:
			problems.Add(path, "%q is withdrawn from the catalog", code)
		case reward.Exchange != nil:
			problems.Add(path, "%q is an exchange of points: it gives nothing to who pays none", code)
		case reward.Voucher != nil && reward.Voucher.Host:
			problems.Add(path, "the host has the codes of %q: let them be drawn, or grant it with GrantReward", code)
		}
	}
	return problems
}

// issueEntry issues the rewards of entering a tier, free of charge and whatever their
// conditions. One that is out of stock is passed over and told.
func (v *verdictOn) issueEntry(tier *tiers.Tier) (given []givenReward, err error) {
	for _, code := range tier.Benefits.Rewards {
		id, err := v.issueReward(tier.Code, code)
		if err != nil {
			return nil, err
		}
		told := EntryReward{Tier: tier.Code, Reward: code, Redemption: id}
		if id == "" {
			v.rewards.missed = append(v.rewards.missed, told)
			continue
		}
		v.rewards.issued = append(v.rewards.issued, told)
		given = append(given, givenReward{Reward: code, ID: id})
	}
	return given, nil
}

// issueReward issues one reward and returns the redemption's id, empty where the reward is
// out of stock.
func (v *verdictOn) issueReward(tier, code string) (string, error) {
	p := v.party
	reward := p.tx.rev.reward(code)
	if reward == nil {
		reward = v.by.rev.reward(code)
	}
	if reward == nil {
		return "", nil
	}
	free := *reward
	free.Limits = nil
	id := entryRewardID(v.state.Code, tier, code, p.row.Version+1)
	for n := 2; p.recordAt(redemptionKind, id) >= 0; n++ {
		id = entryRewardID(v.state.Code, tier, code, p.row.Version+1) + "-" + strconv.Itoa(n)
	}
	r, err := p.beginRedeeming(&free, id, 1)
	if err != nil {
		return "", err
	}
	if err := r.take(); err != nil {
		if !errors.Is(err, ErrOutOfStock) {
			return "", err
		}
		for i := range r.shared {
			for _, key := range r.shared[i].counters() {
				p.tx.awaits(p.tx.deciding.counter(key).by)
			}
		}
		return "", p.tx.failed
	}
	if _, err := p.step(r.state, rewards.Issue, RedemptionStep{}); err != nil {
		return "", p.tx.fail(err)
	}
	if err := p.handOut(p.tx.deciding.ctx, r.state, free.Voucher, ""); err != nil {
		return "", err
	}
	return id, p.putRedemption(id, r.state)
}

// takeRewards takes back the rewards of a tier that turns out not to have been entered. What
// was fulfilled or used meanwhile stays, and is told.
func (v *verdictOn) takeRewards(given *givenState, path []string) error {
	for _, g := range given.Rewards {
		told := EntryReward{Tier: given.Tier, Reward: g.Reward, Redemption: g.ID}
		taken, err := v.takeReward(g.ID, path)
		switch {
		case err != nil:
			return err
		case taken:
			v.rewards.undone = append(v.rewards.undone, told)
		default:
			v.rewards.kept = append(v.rewards.kept, told)
		}
	}
	return nil
}

func (v *verdictOn) takeReward(id string, path []string) (bool, error) {
	p := v.party
	row, exists, err := p.entryRedemption(id, path)
	if err != nil || !exists || row.Status != string(rewards.Issued) {
		return false, err
	}
	state, err := redemptionOf(row)
	if err != nil {
		return false, p.tx.fail(err)
	}
	if state.partlyUsed() {
		return false, nil
	}
	if err := p.end(state, rewards.Cancel); err != nil {
		return false, err
	}
	return true, p.putRedemption(row.ID, state)
}

// entryRedemption finds the redemption that a member was given for entering a tier who came
// by a path of merges: under its own id, or the one that it has where that was taken.
func (p *Party) entryRedemption(id string, path []string) (storage.Record, bool, error) {
	ids := []string{id}
	for _, member := range path {
		for _, id := range slices.Clone(ids) {
			ids = append(ids, movedID(member, id))
		}
	}
	for _, id := range slices.Backward(ids) {
		row, exists, err := p.record(redemptionKind, id)
		if err != nil || exists {
			return row, exists, err
		}
	}
	return storage.Record{}, false, nil
}

// ownEntryID reports an id that is like those that entering a tier makes.
func ownEntryID(id string) bool { return strings.HasPrefix(id, entryPrefix) }
