// Lock maintains images.lock.json, which pins base images by digest and contains their documents, but not their layers.
//
// The file is the one named by --lock, or images.lock.json in the workspace (under "bazel run") or in the current
// directory. It is written atomically. See docs/base-images.md; "lock --help" lists the commands.
package main

import (
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/launch"
)

func main() {
	if err := launch.EnterUserDirectory(); err != nil {
		cli.Line(os.Stderr, "lock: %v", err)
		os.Exit(cli.ExitFailure)
	}
	command.Main()
}
