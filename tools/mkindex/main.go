// Mkindex writes an image index: one name for the images of several platforms.
//
// Usage:
//
//	mkindex [--image=FILE]... [--annotation=KEY=VALUE]... --output=FILE --descriptor=FILE [--digest=FILE]
//
// Images are named by the descriptors that mkmanifest writes and are listed in the order given. Other indexes and
// artifacts may stand among them. The output is an index as image-spec 1.1 defines it; the digest file holds
// "sha256:..." without a newline.
package main

func main() { command.Main() }
