// Load hands an image to Docker, Podman or containerd, without an archive on disk and without the layers that the
// engine holds; or it writes an archive.
//
// Usage:
//
//	load --root=FILE --name=REFERENCE... [--document=FILE]... [--layer=DESCRIPTOR=BLOB]...
//	     [--remote-layer=DESCRIPTOR]... [--blobs=DIR]... [--engine=auto|docker|podman|containerd] [--namespace=NAME]
//	     [--platform=OS/ARCH[/VARIANT]] [--archive=FILE] [--target=LABEL]
//
// The image comes as the files that the other tools made (see mklayout); layers of --remote-layer are read from their
// registries, if the engine lacks them. Of an index the image for --platform is loaded, or else the one for the
// engine's own platform.
//
// The engine is the one that --engine says, or else the environment variable STRATA_ENGINE, or else --default-engine,
// which is the rule's attribute. "auto" takes Docker if its daemon answers, and Podman otherwise. Containerd is spoken
// to through ctr, or through nerdctl where ctr cannot reach it.
//
// Standard output gets the image's names, one a line, or the path of the archive that --archive asked for. Standard
// error gets a line with the manifest's digest and what is sent.
package main

import "github.com/rules-strata/rules_strata/tools/internal/cli/launch"

func main() { command.MainFrom(launch.Args("root")) }
