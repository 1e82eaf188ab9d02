package featuretest_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/featuretest"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// diary is a feature that keeps a text where keeps says.
type diary struct{ keeps string }

func (diary) Name() string                { return "diary" }
func (diary) Kinds() []string             { return []string{"page"} }
func (diary) Commands() []loyalty.Command { return []loyalty.Command{write{}} }

// Erase implements loyalty.Eraser.
func (d diary) Erase(_ context.Context, tx *loyalty.Tx, record storage.Record) error {
	switch d.keeps {
	case "the document":
		return tx.PutRecord(record)
	case "the claim":
	default:
		if err := tx.Release("page", string(record.Data)); err != nil {
			return err
		}
	}
	return tx.PutRecord(storage.Record{Kind: record.Kind, ID: record.ID})
}

// write writes a page.
type write struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	Text   string `json:"text"`
	Color  string `json:"color"`
}

// Plan implements loyalty.Command.
func (c write) Plan() loyalty.Plan { return loyalty.Plan{Member: c.Member, Key: c.Key} }

// Apply implements loyalty.Command.
func (c write) Apply(_ context.Context, tx *loyalty.Tx) error {
	if c.Color != "red" {
		return fmt.Errorf("%w: no such color", loyalty.ErrInvalid)
	}
	record := storage.Record{Kind: "page", ID: "1", Data: []byte(c.Text)}
	if feature := tx.Feature("diary").(diary); feature.keeps == "the id" {
		record.ID = c.Text
	}
	if err := tx.Claim("page", c.Text); err != nil {
		return err
	}
	return tx.PutRecord(record)
}

func caseOf(feature diary, unmarked ...string) featuretest.ErasureCase {
	return featuretest.ErasureCase{
		Store: memory.New(),
		Engine: func(store storage.Store) (*loyalty.Engine, error) {
			return loyalty.New(loyalty.Revisions{{
				ID: "beans", Zone: "UTC", Units: []points.Unit{{Code: "bean", Expiry: points.NeverExpire()}},
			}}, store, &loyalty.Options{
				Clock:    func() time.Time { return time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC) },
				Features: []loyalty.Feature{feature},
			})
		},
		Before:   []loyalty.Command{loyalty.Enroll{Member: "anna", Key: "enroll"}},
		Command:  write{Member: "anna", Key: "k", Text: "dear diary", Color: "red"},
		Unmarked: unmarked,
	}
}

func TestAFeatureThatTakesItsTextsOutPasses(t *testing.T) {
	featuretest.Erasure(t, caseOf(diary{}, "color"))
}

func TestAFeatureThatKeepsATextFails(t *testing.T) {
	for keeps, seen := range map[string]string{
		"the document": "the mark is still in record", "the id": "the mark is still in record", "the claim": "the mark is still in claim",
	} {
		t.Run(keeps, func(t *testing.T) {
			require.Contains(t, failure(t, caseOf(diary{keeps: keeps}, "color")), seen)
		})
	}
	require.Contains(t, failure(t, caseOf(diary{})), `the field "color" takes no mark`)
}

// failure is what Erasure fails with.
func failure(t *testing.T, c featuretest.ErasureCase) string {
	r := &recorder{TB: t}
	var done sync.WaitGroup
	done.Go(func() { featuretest.Erasure(r, c) })
	done.Wait()
	return r.said.String()
}

// recorder is a test that may fail.
type recorder struct {
	testing.TB
	said strings.Builder
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) { fmt.Fprintf(&r.said, format+"\n", args...) }

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Fatal(args ...any) { r.Fatalf("%s", fmt.Sprint(args...)) }
