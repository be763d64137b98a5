// Image looks into container images, changes them and moves them, wherever they are: outputs of a build, image layouts,
// archives of Docker, Podman and others, registries.
//
//	image edit alpine.tar --cmd='["/bin/cat", "/some-file"]' --add=some-file=/some-file --output=new.tar
//	podman load --input new.tar
//
// See docs/image-tool.md; "image --help" lists the commands.
package main

import (
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/launch"
)

func main() {
	if err := launch.EnterUserDirectory(); err != nil {
		cli.Line(os.Stderr, "image: %v", err)
		os.Exit(cli.ExitFailure)
	}
	command().Main()
}
