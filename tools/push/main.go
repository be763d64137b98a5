// Push sends images and indexes straight to registries, blob by blob, without an archive in between.
//
// Usage:
//
//	push --root=FILE [--document=FILE]... [--layer=DESCRIPTOR=BLOB]... [--remote-layer=DESCRIPTOR]... [--blobs=DIR]...
//	     --repository=REPOSITORY [--repository-file=FILE] [--tag=TAG]... [--tag-file=FILE]... [--status=FILE]...
//	     [--remote-cache=ADDRESS [--remote-header=NAME=VALUE]... [--credential-helper=PROGRAM]
//	     [--tls-certificate=FILE] [--tls-client-certificate=FILE --tls-client-key=FILE]] [--target=LABEL]
//	     [--push=FILE]... [--insecure] [--jobs=N] [--dry-run] [--json] [--output=FILE]
//
// The image comes as the files that the other tools made (see mklayout). The registry is asked for each blob before
// that is sent, so that a second push sends nothing; tags come last. A blob that another repository of the same registry
// is known to hold is mounted from there; one that only registries hold is copied from one to the other, in memory. A
// large blob whose upload breaks off goes on where it broke.
//
// On a terminal each blob that is on its way has a bar; every object, once it is dealt with, is one line on standard
// error. The references that can be used afterwards go to standard output, one a line: REPOSITORY:TAG@DIGEST for each
// tag, then REPOSITORY@DIGEST. With --json the same is JSON, which --output writes to a file.
//
// Each --push names a file with the arguments of one more image, one a line, those of the first three lines above. Flags
// of the user follow those of the build's rule: a second --repository replaces the first, each --tag adds one, to every
// image. Without any tag an image can be named by its digest only. Repositories and tags may hold variables of the
// workspace status files of --status, as {{NAME}}.
//
// A layer whose file is not there is read from the remote cache that the build has left it in, and streams from that to
// the registry.
//
// Credentials are those that "docker login" and "podman login" left, with their helper programs. A registry on this
// machine (localhost, 127.0.0.1, [::1]), and any with --insecure, may have an unknown certificate or none.
package main

import "github.com/rules-strata/rules_strata/tools/internal/cli/launch"

func main() { command.MainFrom(launch.Args("root", "push")) }
