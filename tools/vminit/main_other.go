//go:build !linux

// Vminit is the first process of a Linux virtual machine.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "vminit: it works only on Linux, as the first process of a virtual machine")
	os.Exit(2)
}
