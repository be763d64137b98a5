// Mkdiff lists the differences between two images of a build, as text and as JSON.
//
// It reads documents and listings, but no layer. "mkdiff --help" lists the flags.
package main

func main() { command.Main() }
