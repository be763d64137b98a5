// Lock keeps images.lock.json, which pins base images by their digests and holds all of them but their layers.
//
// Usage:
//
//	lock add NAME REFERENCE [--platform=OS/ARCH[/VARIANT]]... [--mirror=REPOSITORY]...
//	lock update [NAME]...
//	lock remove NAME...
//	lock verify [NAME]... [--offline]
//	lock list
//
// The file is that of --lock, or images.lock.json in the workspace (under "bazel run") or the current directory. It is
// written as a whole or not at all. docs/base-images.md tells the rest.
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
