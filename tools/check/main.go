// Check distrusts an image: it checks everything about it, and lists all that is wrong.
//
// Usage:
//
//	check (--layout=DIR [--follow-symlinks] | --archive=TAR | --registry=REFERENCE [--insecure])
//	      [--lenient-layers=N] [--max-uncompressed=BYTES]
//	check --root=FILE [--document=FILE]... [--layer=DESCRIPTOR=BLOB]... [--blobs=DIR]... [--digest=DIGEST]
//	      [--max-uncompressed=BYTES] [--target=LABEL]
//	check --rules
//
// The image is an image layout directory, a tar of one (with or without the manifest.json of "docker save"), an image or
// index in a registry, or the files of a build, as the rule image_test passes them. Every digest and size is computed
// anew, every layer is decompressed and read, and every document is compared with the specification and with the others.
//
// Each violation is one line "WHERE: RULE: TEXT" on standard output; the exit code is then 1. If there is none, the
// only line is "ok: N manifests, N layers, N entries". docs/validator.md explains the rules.
package main

import "github.com/rules-strata/rules_strata/tools/internal/cli/launch"

func main() { command.MainFrom(launch.Args("root", "layout", "archive", "registry", "rules")) }
