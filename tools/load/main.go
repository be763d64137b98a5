// Load sends images to Docker, Podman or containerd, without an archive on disk and without the layers that the engine
// already has; or it writes an archive.
//
// The input is the files that the other tools write (see mklayout). Layers of --remote-layer are read from their registries
// if the engine lacks them. For an index, load sends the image for --platform or, by default, the one for the engine's
// platform.
//
// The engine is the one of --engine, then of the environment variable STRATA_ENGINE, then of --default-engine, which the
// rule's attribute sets. "auto" is Docker if its daemon responds, otherwise Podman. Load talks to containerd through ctr,
// or through nerdctl if ctr cannot reach it.
//
// Standard output gets the images' names, one per line, or the path of the archive. Standard error gets one line per image
// with the manifest's digest and the size of the transfer. With --run, the program then becomes a container of the image.
// "load --help" lists the flags.
package main

import "github.com/rules-strata/rules_strata/tools/internal/cli/launch"

func main() { command.MainFrom(launch.Args("root", "image")) }
