package giftlist

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Create opens a gift list. Its receipt's Result is a [Created].
type Create struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	// Code is what the owner shares: 3 to 32 capital letters, digits and '-'.
	// Empty draws one. No two live lists of the program have the same.
	Code string `json:"code,omitempty"`
	// Title is up to 200 bytes.
	Title string `json:"title,omitempty"`
	// Unit is the code of a spendable unit, Wanted how many points of it the list
	// is for, above 0.
	Unit   string        `json:"unit"`
	Wanted points.Amount `json:"wanted"`
	// Deadline is when the list ends by itself.
	Deadline time.Time `json:"deadline"`
}

// Created is what a Create answers.
type Created struct {
	Code string `json:"code"`
}

// CommandType implements loyalty.Typed.
func (Create) CommandType() string { return "giftlist-create" }

// Plan implements loyalty.Command.
func (c Create) Plan() loyalty.Plan {
	plan := loyalty.Plan{
		Member: c.Member, Key: c.Key, Reference: c.Code, Counters: []storage.CounterKey{{Key: openCounter}},
	}
	if c.Code != "" {
		plan.Claims = []storage.ClaimKey{{Space: codeSpace, Key: c.Code}}
		plan.Records = []loyalty.RecordRef{{Kind: listKind, ID: listID(c.Code)}}
	}
	return plan
}

// Validate reports every problem of the list.
func (c Create) Validate() error {
	var problems points.Problems
	if c.Code != "" && !validCode(c.Code) {
		problems.Add("code", "must be 3 to 32 capital letters, digits and '-'")
	}
	if err := checkText(c.Title, 200); err != nil {
		problems.Add("title", "%v", err)
	}
	if err := points.CheckID(c.Unit, 32); err != nil {
		problems.Add("unit", "%v", err)
	}
	if c.Wanted <= 0 {
		problems.Add("wanted", "%d: must be above 0", c.Wanted)
	}
	if c.Deadline.IsZero() || c.Deadline.Year() < 1970 || c.Deadline.Year() > 9000 {
		problems.Add("deadline", "must say when the list ends, in the years 1970 to 9000")
	}
	return problems.Err()
}

// Apply implements loyalty.Command.
func (c Create) Apply(_ context.Context, tx *loyalty.Tx) error {
	feature, ok := tx.Feature(Name).(Feature)
	if !ok {
		return errors.New("giftlist: list giftlist.Feature in loyalty.Options.Features")
	}
	if err := tx.CanEarn(); err != nil {
		return err
	}
	unit, known := tx.Program().Unit(c.Unit)
	if !known || unit.Kind != points.Spendable {
		return fmt.Errorf("%w: %q cannot be given", loyalty.ErrUnknownUnit, c.Unit)
	}
	if !c.Deadline.After(tx.Now()) {
		return bad("deadline", "%s is not after now (%s)", c.Deadline.Format(time.RFC3339), tx.Now().Format(time.RFC3339))
	}
	code, err := c.code(tx)
	if err != nil {
		return err
	}
	if err := tx.Claim(codeSpace, code); err != nil {
		return err
	}
	if err := tx.Use(openCounter, 1, feature.maxOpen()); err != nil {
		return err
	}
	deadline := c.Deadline.UTC().Truncate(time.Microsecond)
	record := storage.Record{
		Kind: listKind, ID: listID(code), Reference: listID(code), Status: string(Open), Sort: deadline.Format(time.RFC3339), DueAt: deadline,
	}
	doc := listDocument{
		Code: code, Title: c.Title, Unit: c.Unit, Wanted: c.Wanted, Deadline: deadline, Coded: true, Counted: true,
	}
	if err := putList(tx.Party, record, doc); err != nil {
		return err
	}
	return tx.Answer(Created{Code: code})
}

// draws is how many codes a Create draws before it gives up.
const draws = 16

// code returns the wanted code, or one that is drawn. A drawn code that turns out
// to be taken when it is committed is known to be held when the command is decided
// again, and passed over.
func (c Create) code(tx *loyalty.Tx) (string, error) {
	if c.Code != "" {
		_, used, err := tx.Record(listKind, listID(c.Code))
		if err == nil && used {
			err = fmt.Errorf("%w: %q", ErrCodeUsed, c.Code)
		}
		return c.Code, err
	}
	for range draws {
		code := draw(tx.Rand())
		if _, held := tx.Holder(codeSpace, code); held {
			continue
		}
		_, used, err := tx.Record(listKind, listID(code))
		if err != nil {
			return "", err
		}
		if !used {
			return code, nil
		}
	}
	return "", fmt.Errorf("%w: %d drawn codes are taken", ErrCodeUsed, draws)
}

// alphabet has no characters that are read for one another.
const alphabet = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"

func draw(chance loyalty.Rand) string {
	code := make([]byte, 10)
	for i := range code {
		code[i] = alphabet[chance.IntN(len(alphabet))]
	}
	return string(code)
}

func validCode(code string) bool {
	if len(code) < 3 || len(code) > 32 {
		return false
	}
	for i := range len(code) {
		if c := code[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// checkText allows empty text, and otherwise what an id may be.
func checkText(text string, maxBytes int) error {
	if text == "" {
		return nil
	}
	return points.CheckID(text, maxBytes)
}

// bad is a bad field that only Apply can see.
func bad(path, format string, args ...any) error {
	var problems points.Problems
	problems.Add(path, format, args...)
	return fmt.Errorf("%w: %w", loyalty.ErrInvalid, problems)
}
