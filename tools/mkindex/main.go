// Mkindex writes an image index: one name for the images of several platforms.
//
// Images are named by the descriptors that mkmanifest writes and listed in the order given. Other indexes and artifacts are
// allowed, too. The output is an index as image-spec 1.1 defines it; the digest file contains "sha256:..." without a newline.
// "mkindex --help" lists the flags.
package main

func main() { command.Main() }
