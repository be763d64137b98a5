// Check verifies an image without trusting it and lists every violation.
//
// The image is an image layout directory, a tar of one (with or without the manifest.json of "docker save"), an image or
// index in a registry, or the files of a build, as the rule image_test passes them. Every digest and size is recomputed,
// every layer is decompressed and read, and every document is compared with the specification and with the others.
//
// Each violation is one line "WHERE: RULE: TEXT" on standard output, and the exit code is 1. Without one, the only line is
// "ok: N manifests, N layers, N entries". docs/validator.md explains the rules; "check --help" lists the flags.
package main

import (
	"github.com/rules-strata/rules_strata/tools/internal/cli/launch"
	"github.com/rules-strata/rules_strata/tools/internal/expect/container"
)

func main() {
	container.Init()
	command.MainFrom(launch.Args("root", "layout", "archive", "registry", "rules"))
}
