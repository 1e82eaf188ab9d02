// Package storagetest proves a storage adapter: every numbered clause on
// [storage.Store] has at least one case here, and a case that fails prints its
// clause.
//
// An adapter's whole test is
//
//	func TestStore(t *testing.T) {
//		storagetest.Run(t, func(t testing.TB) storage.Store { return open(t) }, nil)
//	}
//
// Run opens the store once. Each case works in a program of its own, under a new
// id, so the cases need no empty database and leave each other alone: a server
// that stays up between runs will do. Run the suite under the race detector too.
//
// The cases come in groups: contract, idempotency, concurrency, pages, precision,
// bound transaction, optional abilities and decorator. Where [Options] has Bind,
// the cases that one connection can run are run once more inside a transaction
// of the host, which is then rolled back; and always on a decorated store. In a transaction
// and outside they are run again on the store without its optional abilities.
//
// [Cases] returns the same cases as data. They return errors and need no test
// around them, so that a store can be checked where it is deployed:
//
//	for _, c := range storagetest.Cases() {
//		env := &storagetest.Env{Store: store, Program: "check-" + rand.Text()}
//		if c.Group == storagetest.BoundTransaction {
//			continue // needs env.Bind
//		}
//		if err := c.Run(ctx, env); err != nil {
//			log.Printf("%s: %v", c.Name, err)
//		}
//	}
//
// [Hooked] is for tests above a store: it pauses a call in flight, or fails it
// before or after it was stored.
package storagetest
