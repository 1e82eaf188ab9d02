// Package clv predicts what customers will do, from how often, how recently and
// for how much they bought: whether they are still customers, how many purchases
// are to be expected, and what they are worth.
//
// A [Customer] is a summary of a history. [FitBGNBD], [FitMBGNBD], [FitParetoNBD]
// and [FitNBD] fit a [Model] of purchases to all customers, [FitGammaGamma] one of
// spend, [FitBGBB] one of purchases at given occasions, [FitSBG] one of contracts
// that are renewed. [Alive], [ConditionalExpected], [ConditionalProbability] and
// [DERT] say what a model expects of a customer, [LifetimeValue] and [Predict] put
// it in money, and [Evaluate] and [Track] compare it with what came.
//
// # Which model
//
// [BGNBD] is the usual first choice. In it nobody leaves before a repeat purchase:
// P(alive) of a one-time buyer is 1, however long ago that was. Where one-time
// buyers matter take [MBGNBD] or [ParetoNBD]. [NBD] has no churn and serves as the
// yardstick. Compare Fit.AIC of the same customers, and above all [Evaluate].
// None of them has covariates or seasons.
//
// # Units
//
// Time is continuous and in the caller's unit: weeks are days divided by 7, never
// rounded. Everything that goes into a model or a prediction is in the unit of the
// fit, also the steps of a [Horizon] and the rate of [DERT]. Frequency counts
// periods with purchases, so that two purchases of one day are one by default in
// package kpi, which reports how many rows that merged; Monetary is the mean of
// repeat purchases only.
//
// # Numbers
//
// A fit climbs in the logarithms of the parameters, with analytic derivatives, from
// several starts, in time scaled to the longest age, and ends with Newton's method
// on all customers. Equal customers are taken together; the result depends neither
// on their order nor on the number of processors. A likelihood without a finite
// maximum is a [*NoOptimumError], which says why and has the best point; no penalty
// is needed, and none is there. No function returns a NaN or an infinity: what does
// not exist is an error that is [ErrUndefined] or [ErrInvalid], or has a flag.
package clv
