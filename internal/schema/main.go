// Command schema writes docs/program.schema.json: the JSON Schema of a program, by
// which an editor completes and checks one. It is made from the Go types and their
// comments. Run it at the root of the repository after changing them.
package main

import (
	"fmt"
	"os"
)

const file = "docs/program.schema.json"

func main() {
	text, err := generate(".")
	if err == nil {
		err = os.WriteFile(file, text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
}
