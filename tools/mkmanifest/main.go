// Mkmanifest writes the manifest of an image: its config and its layers.
//
// Usage:
//
//	mkmanifest --config=FILE [--base-manifest=FILE] [--layer=FILE]... [--annotation=KEY=VALUE]...
//	           --output=FILE --descriptor=FILE [--digest=FILE]
//
// The config is named by the descriptor that mkconfig writes, layers by those that mklayer writes, bottom first; a
// base's layers come below them. The output is a manifest as image-spec 1.1 defines it, also where the base's is
// Docker's. The descriptor names it and carries the image's platform, as an index needs it; the digest file holds
// "sha256:..." without a newline.
package main

func main() { command.Main() }
