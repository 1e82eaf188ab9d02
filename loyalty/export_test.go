package loyalty

import "github.com/loyaltykit/loyaltykit/storage"

// KernelCommands lists the commands of this package for tests of all of them.
func KernelCommands() []Command { return kernelCommands() }

// CountDays counts the days of a ledger as a rebuild does, and returns how many runs of
// entries it had to remember.
func CountDays(e *Engine, ledger []storage.Entry) (days []storage.DayCount, runs int, err error) {
	counter := e.newDayCounter()
	for i := range ledger {
		if err := counter.add(&ledger[i]); err != nil {
			return nil, 0, err
		}
	}
	return counter.days, len(counter.on), nil
}

// CommandType is the name by which operations of a command are stored.
func CommandType(cmd Command) string { return commandType(cmd) }
