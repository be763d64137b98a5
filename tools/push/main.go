// Push sends images and indexes straight to registries, blob by blob, without an archive in between.
//
// The input is the files that the other tools write (see mklayout). Push first checks whether the registry has a blob, so a
// second push sends nothing; tags are set last. A blob in another known repository of the same registry is mounted from
// there; one that is only in other registries is copied in memory. An interrupted upload of a large blob resumes.
//
// On a terminal, each transfer has a progress bar; each finished object is one line on standard error. Standard output gets
// the references that now resolve, one per line: REPOSITORY:TAG@DIGEST for each tag, then REPOSITORY@DIGEST. With --json, it
// gets JSON instead, which --output also writes to a file.
//
// Each --push names a file with the arguments of one more image, one per line. The user's flags follow those of the rule: a
// second --repository replaces the first, each --tag adds one, for every image. An image without tags is pushed by digest
// only. Repositories and tags may contain variables of the workspace status files of --status, as {{NAME}}.
//
// Each --load names a program of image_load, which runs after the pushes, whether or not they succeeded.
//
// Each --signer signs the image after it was pushed and before its tags are set, with the arguments of the --signer-arg after it.
// With --provenance-builder-id, push publishes a statement about the build, which is not signed. See docs/signing.md.
//
// A layer whose file is missing streams from the remote cache of the build to the registry.
//
// Credentials are those of "docker login" and "podman login", including their helper programs. A registry on this machine
// (localhost, 127.0.0.1, [::1]), and any with --insecure, may use an untrusted certificate or no TLS. "push --help" lists the
// flags.
package main

import "github.com/rules-strata/rules_strata/tools/internal/cli/launch"

func main() { command.MainFrom(launch.Args("root", "push", "load")) }
