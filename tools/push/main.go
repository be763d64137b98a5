// Push sends an image or an index straight to a registry, blob by blob, without an archive in between.
//
// Usage:
//
//	push --root=FILE [--document=FILE]... [--layer=DESCRIPTOR=BLOB]... [--blobs=DIR]...
//	     --repository=REPOSITORY [--tag=TAG]... [--insecure] [--jobs=N] [--dry-run] [--target=LABEL]
//	     [--remote-cache=ADDRESS [--remote-header=NAME=VALUE]... [--credential-helper=PROGRAM]]
//
// The image comes as the files that the other tools made (see mklayout). The registry is asked for each blob before
// that is sent, so that a second push sends nothing; tags come last. Every object is one line on standard error; the
// references that can be used afterwards go to standard output, one a line: REPOSITORY:TAG@DIGEST for each tag, then
// REPOSITORY@DIGEST.
//
// Flags of the user follow those of the build's rule: a second --repository replaces the first, each --tag adds one.
// Without any --tag the image gets none and can be named by its digest only.
//
// A layer whose file is not there is read from the remote cache that the build has left it in, and streams from that to
// the registry.
//
// Credentials are those that "docker login" and "podman login" left, with their helper programs. A registry on this
// machine (localhost, 127.0.0.1, [::1]), and any with --insecure, may have an unknown certificate or none.
package main

import "github.com/rules-strata/rules_strata/tools/internal/launch"

func main() { command.MainFrom(launch.Args) }
