// Load hands an image to Docker or Podman, without an archive on disk.
//
// Usage:
//
//	load --root=FILE [--document=FILE]... [--layer=DESCRIPTOR=BLOB]... [--blobs=DIR]...
//	     [--name=REFERENCE]... [--engine=auto|docker|podman] [--platform=OS/ARCH[/VARIANT]] [--target=LABEL]
//
// The image comes as the files that the other tools made (see mklayout). Of an index the image for --platform is
// loaded, or else the one for the engine's own platform.
//
// The engine is the one that --engine says, or else the environment variable STRATA_ENGINE, or else --default-engine,
// which is the rule's attribute. "auto" takes Docker if its daemon answers, and Podman otherwise.
//
// Standard output gets the engine's own line ("Loaded image: ..."), then a line with name and manifest digest for
// each name, or with the digest alone if there is no name. Each --name adds one.
package main

import "github.com/rules-strata/rules_strata/tools/internal/launch"

func main() { command.MainFrom(launch.Args) }
