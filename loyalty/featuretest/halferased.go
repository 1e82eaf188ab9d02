package featuretest

import (
	"context"
	"errors"
	"testing"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
)

// HalfErased erases a member of an engine on a store, by a process that dies once the erasure
// is committed and nothing is scrubbed: reads of a feature must show nothing of the member
// from then on. [loyalty.Records] is how. The engine's RunDue goes on with the scrub.
func HalfErased(t testing.TB, engine *loyalty.Engine, store storage.Store, member string) {
	t.Helper()
	dies := &mortal{Store: store}
	if _, err := engine.WithStore(dies).Do(t.Context(), loyalty.Erase{Member: member, Key: "forget " + member}); err != nil {
		t.Fatal(err)
	}
	if dies.commits < 2 {
		t.Fatal("nothing was to be scrubbed: was the member erased before?")
	}
}

// mortal is a store of a process that dies after its first commit.
type mortal struct {
	storage.Store
	commits int
}

func (m *mortal) Unwrap() storage.Store { return m.Store }

func (m *mortal) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	if m.commits++; m.commits > 1 {
		return nil, errors.New("the process died")
	}
	return m.Store.Commit(ctx, batches)
}
