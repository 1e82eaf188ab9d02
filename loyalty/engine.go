package loyalty

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Options says how an engine works; nil and the zero value are good defaults.
type Options struct {
	// Clock is the engine's now; nil is the system's clock.
	Clock func() time.Time
	// Random is where the engine takes random bytes from when it is made; nil is
	// the system's cryptographic source.
	Random io.Reader
	// Secret salts digests and seeds the draws of commands, so that a retry does
	// not draw again. Engines on one store should share it; empty takes 32 bytes
	// from Random.
	Secret []byte
	// Skew is how far ahead of the clock an OccurredAt may be; 0 is 5 minutes.
	Skew time.Duration
	// StoreTimeout bounds one round of store calls; 0 is 30 seconds.
	StoreTimeout time.Duration
	// Attempts bounds how often a command is decided again after conflicts; 0 is
	// 64.
	Attempts int
	// OpenLots is how many open lots an account may have before RunDue merges those
	// that are alike; 0 is 256.
	OpenLots int
	// NoCombining gives every call its own round trips.
	NoCombining bool
	// Profile, if set, tells the tiers, segments and boosts of a member as of an
	// instant, for rules that ask. It is called while an order or activity is quoted
	// or decided, perhaps again after a conflict, so it must answer quickly.
	Profile func(ctx context.Context, member string, at time.Time) (Profile, error)
	// VoucherCode, if set, gives the codes of rewards whose codes the host has. It is
	// called while a redemption is decided, perhaps again after a conflict, so it must
	// answer quickly, and with the same code for the same redemption.
	VoucherCode func(ctx context.Context, request VoucherRequest) (string, error)
	// Formulas holds the host's own rules: the function of each rule with a formula, by
	// its code.
	Formulas map[string]points.Formula
	// Features lists the features whose commands and records the engine knows.
	Features []Feature
	// Observer is told of store calls; nil is nobody.
	Observer Observer
	// Logger takes what no caller is told, such as a panic's stack. Nil is silent.
	Logger *slog.Logger
}

// Observer is told what the engine does, for metrics. Its methods are called on
// hot paths and from several goroutines.
type Observer interface {
	// Load is a store call that brings what n commands need.
	Load(n int)
	// Commit is a store call that commits n batches.
	Commit(n int)
	// UndeclaredRead is a read that the named type of command did not plan.
	UndeclaredRead(command string)
	// Retry is a command that is decided again after a conflict.
	Retry(command string)
}

type silent struct{}

func (silent) Load(int)              {}
func (silent) Commit(int)            {}
func (silent) UndeclaredRead(string) {}
func (silent) Retry(string)          {}

// Engine runs a loyalty program on a store. It is safe for concurrent use.
// Concurrent calls are combined, so that many share a round trip.
type Engine struct {
	revisions []*revision
	program   string
	kept      kept
	epochs    []epoch
	store     storage.Store
	options   Options
	// sealers holds sealers of the secret, to be used again.
	sealers  *sync.Pool
	observer Observer
	features map[string]Feature
	// kinds says which feature a kind of records belongs to.
	kinds map[string]string
	// kernelKinds holds the kinds of records that are the engine's own.
	kernelKinds map[string]bool
	settlers    map[string]Settler
	commands    map[string]Command
	limits      storage.Limits
	bound       bool
	combiner    *combiner
	written     *written
	newer       *newer
	recounts    *recounts
}

// written remembers whether the store holds the engine's revisions.
type written struct {
	done atomic.Bool
	// turn holds a token while a call writes them.
	turn chan struct{}
}

func newWritten() *written { return &written{turn: make(chan struct{}, 1)} }

// New makes an engine for the revisions of one program, validated once. It
// opens nothing and starts no goroutine; the store stays the caller's.
func New(revisions Revisions, store storage.Store, options *Options) (*Engine, error) {
	prepared, err := prepare(revisions)
	if err != nil {
		return nil, err
	}
	if store == nil {
		return nil, errors.New("loyalty: a store is needed")
	}
	e := &Engine{revisions: prepared, program: prepared[0].ID, kept: newKept(prepared), epochs: newEpochs(prepared), written: newWritten(), newer: newNewer(), recounts: &recounts{}}
	if options != nil {
		e.options = *options
	}
	if err := e.complete(); err != nil {
		return nil, err
	}
	if err := e.checkFormulas(); err != nil {
		return nil, err
	}
	if err := e.addFeatures(); err != nil {
		return nil, err
	}
	if err := e.checkLimits(); err != nil {
		return nil, err
	}
	e.use(store)
	return e, nil
}

// check refuses numbers below 0, by which no command would ever be done.
func (o *Options) check() error {
	var problems points.Problems
	if o.Skew < 0 {
		problems.Add("options.skew", "%v: must not be negative", o.Skew)
	}
	if o.StoreTimeout < 0 {
		problems.Add("options.storeTimeout", "%v: must not be negative", o.StoreTimeout)
	}
	if o.Attempts < 0 {
		problems.Add("options.attempts", "%d: must not be negative", o.Attempts)
	}
	if len(problems) > 0 {
		return fmt.Errorf("loyalty: %w: %w", ErrInvalid, problems)
	}
	return nil
}

func (e *Engine) complete() error {
	o := &e.options
	if err := o.check(); err != nil {
		return err
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Skew == 0 {
		o.Skew = 5 * time.Minute
	}
	if o.StoreTimeout == 0 {
		o.StoreTimeout = 30 * time.Second
	}
	if o.Attempts == 0 {
		o.Attempts = 64
	}
	if o.OpenLots <= 0 {
		o.OpenLots = 256
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	e.observer = o.Observer
	if e.observer == nil {
		e.observer = silent{}
	}
	secret := slices.Clone(o.Secret)
	if len(secret) == 0 {
		secret = make([]byte, 32)
		if _, err := io.ReadFull(o.Random, secret); err != nil {
			return fmt.Errorf("loyalty: random source: %w", err)
		}
	}
	e.sealers = newSealers(secret)
	return nil
}

func (e *Engine) addFeatures() error {
	e.features, e.kinds = map[string]Feature{}, map[string]string{}
	e.settlers, e.commands = map[string]Settler{}, map[string]Command{}
	owner := map[string]string{holdKind: "loyalty", gatherKind: "loyalty", laterKind: "loyalty", orderKind: "loyalty", onceKind: "loyalty", closingKind: "loyalty", mergeKind: "loyalty", undoneKind: "loyalty", eraseKind: "loyalty", poolKind: "loyalty", memberKind: "loyalty", inviteKind: "loyalty", usageKind: "loyalty", redemptionKind: "loyalty", rewardUseKind: "loyalty"}
	for _, kind := range expiryKinds() {
		owner[kind] = "loyalty"
	}
	e.kernelKinds = map[string]bool{}
	for kind := range owner {
		e.kernelKinds[kind] = true
	}
	e.settlers[redemptionKind] = redemptionSettler{}
	for _, cmd := range kernelCommands() {
		e.commands[commandType(cmd)] = cmd
	}
	for i, feature := range e.options.Features {
		if feature == nil {
			return fmt.Errorf("loyalty: %w", invalid(fmt.Sprintf("options.features[%d]", i), "is nil"))
		}
		if _, taken := e.features[feature.Name()]; taken {
			return fmt.Errorf("loyalty: feature %q is listed twice", feature.Name())
		}
		e.features[feature.Name()] = feature
		for _, kind := range feature.Kinds() {
			if other, taken := owner[kind]; taken {
				return fmt.Errorf("loyalty: feature %q: record kind %q belongs to %q", feature.Name(), kind, other)
			}
			owner[kind], e.kinds[kind] = feature.Name(), feature.Name()
			if settler, ok := feature.(Settler); ok {
				e.settlers[kind] = settler
			}
		}
		for _, cmd := range feature.Commands() {
			typ := commandType(cmd)
			if _, taken := e.commands[typ]; taken {
				return fmt.Errorf("loyalty: feature %q: command type %q is taken", feature.Name(), typ)
			}
			e.commands[typ] = cmd
		}
	}
	return nil
}

func (e *Engine) use(store storage.Store) {
	e.store = veiled{store}
	e.limits = storage.Limits{}
	if limiter, ok := storage.As[storage.Limiter](store); ok {
		e.limits = limiter.Limits()
	}
	if e.limits.Rows == 0 {
		e.limits.Rows = 500
	}
	if e.limits.Bytes == 0 {
		e.limits.Bytes = 1 << 20
	}
	// Room for what veiled puts into documents.
	e.limits.Bytes -= e.limits.Bytes / 8
	if e.limits.Calls == 0 {
		e.limits.Calls = 2
	}
	_, e.bound = storage.As[storage.Bound](store)
	e.combiner = nil
	if !e.bound && !e.options.NoCombining {
		e.combiner = newCombiner(e)
	}
}

// WithStore returns an engine of the same program on another store, such as one
// that is bound to the host's transaction. On a bound store calls are not
// combined, and a conflict is [ErrRetryTransaction]. What the database refuses for
// another reason, such as a trigger of the host's, is the store's own error: to run the
// transaction again would meet it again.
func (e *Engine) WithStore(store storage.Store) *Engine {
	other := *e
	other.recounts = &recounts{}
	if _, bound := storage.As[storage.Bound](store); !bound {
		other.written, other.newer = newWritten(), newNewer()
	}
	other.use(store)
	return &other
}

// Program returns the revision of the program in force at t.
func (e *Engine) Program(t time.Time) Program { return revisionAt(e.revisions, t).Program }

// Do runs a command: it decides, commits, and returns the receipt. The same
// command with the same key again returns the same receipt, marked as Replayed.
// An error is a [CommandError]; nothing is stored then, except after
// [ErrOutcomeUnknown], where the same key asked again answers.
func (e *Engine) Do(ctx context.Context, cmd Command) (Receipt, error) {
	c, err := e.newCall(ctx, cmd)
	if err != nil {
		return Receipt{}, err
	}
	if err := e.writeRevisions(ctx); err != nil {
		return Receipt{}, c.wrap(err)
	}
	if e.combiner == nil {
		e.run(ctx, []*call{c})
	} else if err := e.combiner.submit(ctx, c); err != nil {
		return Receipt{}, c.wrap(err)
	}
	return c.result()
}

// Quote answers what Do would answer now, and stores nothing. A command that
// draws at random draws differently in a quote.
func (e *Engine) Quote(ctx context.Context, cmd Command) (Receipt, error) {
	c, err := e.newCall(ctx, cmd)
	if err != nil {
		return Receipt{}, err
	}
	if err := e.inForce(ctx); err != nil {
		return Receipt{}, c.wrap(err)
	}
	c.quote = true
	if claimer, ok := cmd.(claimer); ok {
		c.plan.Claims = append(slices.Clip(c.plan.Claims), claimer.claimsIn(&e.present().Program)...)
	}
	e.run(ctx, []*call{c})
	return c.result()
}

// newCall checks a command's plan and makes it ready to be decided.
func (e *Engine) newCall(ctx context.Context, cmd Command) (*call, error) {
	if v := reflect.ValueOf(cmd); cmd == nil || (v.Kind() == reflect.Pointer && v.IsNil()) {
		return nil, fmt.Errorf("loyalty: %w", invalid("command", "is nil"))
	}
	c := &call{cmd: cmd, typ: commandType(cmd)}
	if ctx.Value(insideApply{}) != nil {
		return nil, c.wrap(ErrNested)
	}
	if err := e.checkType(c); err != nil {
		return nil, c.wrap(err)
	}
	c.now = e.options.Clock()
	switch p := cmd.(type) {
	case timedPlanner:
		c.plan = p.planAt(e.revisions, instant(c.now))
	case planner:
		c.plan = p.planIn(e.revisions)
	default:
		c.plan = cmd.Plan()
	}
	if err := c.check(); err != nil {
		return nil, c.wrap(err)
	}
	c.plan.housed()
	typed := append(append(make([]byte, 0, 320), c.typ...), 0)
	text, err := canon.Append(typed, cmd)
	if err != nil {
		return nil, c.wrap(fmt.Errorf("%w: %w", ErrInvalid, err))
	}
	c.fingerprint, c.body = sha256.Sum256(text), text[len(typed):]
	return c, nil
}

// checkType refuses a command whose stored type would read as another's.
func (e *Engine) checkType(c *call) error {
	if err := points.CheckID(c.typ, maxID); err != nil {
		return invalid("type", "of %T %v", c.cmd, err)
	}
	known, listed := e.commands[c.typ]
	if c.typ == settleType || c.typ == gatherType || c.typ == moveType || c.typ == scrubType || c.typ == closeType || c.typ == restandType || listed && plainType(known) != plainType(c.cmd) {
		return invalid("type", "%q of %T is taken: let it implement loyalty.Typed", c.typ, c.cmd)
	}
	return nil
}

// check reports every problem of a command and its plan.
func (c *call) check() error {
	problems := c.plan.problems()
	if v, ok := c.cmd.(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			own, several := errors.AsType[points.Problems](err)
			if !several {
				return fmt.Errorf("%w: %w", ErrInvalid, err)
			}
			problems = append(problems, own...)
		}
	}
	if len(problems) == 0 {
		problems = c.plan.derived()
	}
	if len(problems) > 0 {
		return fmt.Errorf("%w: %w", ErrInvalid, problems)
	}
	return nil
}

// problems lists every problem of a plan.
func (p *Plan) problems() points.Problems {
	var problems points.Problems
	id := func(path, value string) {
		if err := points.CheckID(value, maxID); err != nil {
			problems.Add(path, "%v", err)
		}
	}
	if p.Member != "" || len(p.Houses) == 0 {
		id("member", p.Member)
	}
	id("key", p.Key)
	if err := checkText(p.Reason); err != nil {
		problems.Add("reason", "%v", err)
	}
	if err := checkText(p.Actor); err != nil {
		problems.Add("actor", "%v", err)
	}
	if !p.OccurredAt.IsZero() && (p.OccurredAt.Year() < 1900 || p.OccurredAt.Year() > 9000) {
		problems.Add("occurredAt", "the year must be 1900 to 9000, is %d", p.OccurredAt.Year())
	}
	return problems
}

// derived lists the problems of what a plan makes of other fields, which a
// command's own Validate names better.
func (p *Plan) derived() points.Problems {
	problems := p.houseProblems()
	if p.Reference != "" {
		if err := points.CheckID(p.Reference, maxID); err != nil {
			problems.Add("reference", "%v", err)
		}
	}
	further := len(p.Others) + len(p.Houses)
	if p.Member == "" {
		further--
	}
	if further > storage.MaxLegs-1 {
		problems.Add("others", "at most %d further members may change", storage.MaxLegs-1)
	}
	for i, other := range p.Others {
		if other == p.Member || slices.Contains(p.Others[:i], other) {
			problems.Add("others", "%q is named twice", other)
		}
		if err := points.CheckID(other, maxID); err != nil {
			problems.Add(fmt.Sprintf("others[%d]", i), "%v", err)
		}
	}
	return problems
}

// writeRevisions makes sure, once, that the store holds the engine's revisions.
// Inside a transaction of the host it waits for nobody, who might wait for the
// transaction, and nowhere longer than StoreTimeout. It returns an [OldProgramError] where
// these are not in force any more.
func (e *Engine) writeRevisions(ctx context.Context) error {
	if e.written.done.Load() {
		return e.inForce(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, e.options.StoreTimeout)
	defer cancel()
	if e.bound {
		if err := e.putRevisions(ctx); err != nil {
			return err
		}
		return e.inForce(ctx)
	}
	select {
	case e.written.turn <- struct{}{}:
		defer func() { <-e.written.turn }()
	case <-ctx.Done():
		return fmt.Errorf("%w: write revisions: %w", errNotStored, ctx.Err())
	}
	if e.written.done.Load() {
		return e.inForce(ctx)
	}
	if err := e.putRevisions(ctx); err != nil {
		return err
	}
	e.written.done.Store(true)
	return e.inForce(ctx)
}

func (e *Engine) putRevisions(ctx context.Context) error {
	for _, r := range e.revisions {
		if err := e.store.PutRevision(ctx, r.row); err != nil {
			if errors.Is(err, storage.ErrRevisionExists) {
				return fmt.Errorf("%w: revision %d of %q: %w", ErrRevisionMismatch, r.number, r.ID, err)
			}
			return fmt.Errorf("write revision %d: %w", r.number, err)
		}
	}
	return nil
}
