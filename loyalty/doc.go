// Package loyalty is the kernel of a loyalty program inside a Go process: an
// [Engine] runs [Command] values on a [storage.Store] by the rules of a [Program].
//
// Everything that changes a member is a command: a plain struct with a member, a
// caller-owned key and its data. [Engine.Do] loads what the command's [Plan]
// names, books what time has made true meanwhile, lets the command decide on a
// [Tx], commits all of it or nothing, and answers with a [Receipt] that says what
// happened and why. The same key again answers with the same receipt.
//
// A host writes commands of its own with the same primitives, and packages of them as
// a [Feature]. [Engine.WithStore] runs commands inside the host's own database
// transaction.
package loyalty
