// Mkcheck checks the blobs of layers, and writes what it finds to a file: part of the check of an image, which "check" completes.
//
// A violation is not an error: the test of the image reports it. "mkcheck --help" lists the flags.
package main

func main() { command.Main() }
