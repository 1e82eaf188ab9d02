// Package loyaltykit is the map of a loyalty engine that a Go shop embeds: points
// that are earned, held, spent, refunded and expired, exactly and in the shop's own
// database. The package itself has no code. Where to go:
//
//   - [github.com/loyaltykit/loyaltykit/loyalty] is the engine: a Program as data,
//     commands such as Earn and Spend, an Engine that runs them, and receipts that say
//     what happened and why. Start here.
//   - [github.com/loyaltykit/loyaltykit/points] is the arithmetic of a points ledger,
//     pure and useful alone: amounts, lots, expiry, earning rules, refunds.
//   - [github.com/loyaltykit/loyaltykit/storage] is the contract between the engine
//     and a database: the Store interface and the rows that it keeps.
//   - [github.com/loyaltykit/loyaltykit/storage/memory] keeps everything in memory,
//     for tests, examples and simulations.
//   - [github.com/loyaltykit/loyaltykit/storage/sqlite] opens a durable store in one
//     SQLite file. It is a module of its own, since it brings a driver.
//   - [github.com/loyaltykit/loyaltykit/storage/sqlstore] is a store on database/sql
//     for a driver of the host's choice, and binds to the host's own transaction.
//   - [github.com/loyaltykit/loyaltykit/storage/storagetest] proves an adapter, ours
//     or yours, against every clause of the contract.
//   - [github.com/loyaltykit/loyaltykit/tiers] and
//     [github.com/loyaltykit/loyaltykit/rewards] are ladders of status and catalogs,
//     pure like points; rewards/experience models sessions, seats, wait lists and
//     raffles, which loyalty/booking and loyalty/raffle bring to the engine;
//     loyalty/referral rewards members and the friends whom they bring.
//   - [github.com/loyaltykit/loyaltykit/kpi] computes key figures, with what made them
//     and how sure they are; kpi/liability books points to IFRS 15 and ASC 606, and
//     kpi/clv, a module of its own, predicts; kpi/report, another, puts it on a page.
//
// A loyalty program in four steps: write a Program, open a store, make an Engine,
// and give it commands.
//
//	engine, err := loyalty.New(loyalty.Revisions{program}, store, nil)
//	receipt, err := engine.Do(ctx, loyalty.Earn{Member: "m-7301", Key: "order-1001", Order: order})
//
// Every command carries a key that the caller chooses. The same key again answers
// with the same receipt and changes nothing, so that a shop may repeat whatever it is
// not sure of.
package loyaltykit
