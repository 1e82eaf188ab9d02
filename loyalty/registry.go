package loyalty

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// kernelCommands lists the commands of this package.
func kernelCommands() []Command {
	return []Command{
		Enroll{},
		Earn{},
		Confirm{},
		Refund{},
		Spend{},
		Hold{},
		Capture{},
		Void{},
		Transfer{},
		Adjust{},
		Fact{},
		Suspend{},
		Resume{},
		Close{},
		Merge{},
		UnMerge{},
		Erase{},
		EnrollGuest{},
		ClaimAward{},
		FoundPool{},
		InviteToPool{},
		JoinPool{},
		LeavePool{},
		SetPoolRole{},
		ContributeToPool{},
		DrawFromPool{},
		DissolvePool{},
		SetJurisdiction{},
		Import{},
		Extend{},
		Reinstate{},
		Redeem{},
		GrantReward{},
		IssueRedemption{},
		FulfillRedemption{},
		UseVoucher{},
		CancelRedemption{},
		RejectRedemption{},
		MatchTier{},
		OverrideTier{},
		RevokeTier{},
		SetAnniversary{},
	}
}

// Decode reads the command of a stored operation. Commands of features are known
// where the engine lists the feature; of others it is an [ErrUnknownCommand]. A pruned or
// erased operation has none.
func (e *Engine) Decode(op storage.Operation) (Command, error) {
	prototype, ok := e.commands[op.Type]
	if !ok {
		return nil, fmt.Errorf("loyalty: operation %d of %s: %w: type %q", op.Version, AccountName(op.Member), ErrUnknownCommand, op.Type)
	}
	if len(op.Command) == 0 {
		return nil, fmt.Errorf("loyalty: operation %d of %s has no command: it was pruned, or is a settlement or the other side of one", op.Version, AccountName(op.Member))
	}
	t := reflect.TypeOf(prototype)
	pointer := t.Kind() == reflect.Pointer
	if pointer {
		t = t.Elem()
	}
	value := reflect.New(t)
	if err := canon.Decode(op.Command, value.Interface()); err != nil {
		return nil, fmt.Errorf("loyalty: operation %d of %s: %w", op.Version, AccountName(op.Member), err)
	}
	if !pointer {
		value = value.Elem()
	}
	return value.Interface().(Command), nil
}

// underPath puts a path in front of every problem of an error.
func underPath(path string, err error) error {
	if err == nil {
		return nil
	}
	problems, ok := errors.AsType[points.Problems](err)
	if !ok {
		return err
	}
	moved := make(points.Problems, len(problems))
	for i, problem := range problems {
		moved[i] = points.Problem{Path: path + "." + problem.Path, Message: problem.Message}
	}
	return moved
}
