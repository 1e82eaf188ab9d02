package loyalty

// KernelCommands lists the commands of this package for tests of all of them.
func KernelCommands() []Command { return kernelCommands() }
