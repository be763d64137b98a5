// Mkmanifest writes the manifest of an image or an artifact: its config and its layers.
//
// Config and layers are named by the descriptors that mkconfig and mklayer write. The layers of a base come first. The
// output is a manifest as image-spec 1.1 defines it, even if the base's is Docker's. Its descriptor carries the image's
// platform, which an index needs; the digest file contains "sha256:..." without a newline.
//
// An artifact has files instead of layers, and no base; mkblob writes their descriptors. "mkmanifest --help" lists the flags.
package main

func main() { command.Main() }
