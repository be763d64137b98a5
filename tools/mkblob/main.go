// Mkblob writes the descriptor of a file that becomes part of an artifact verbatim: media type, digest, size, and the title
// under which clients write it. "mkblob --help" lists the flags.
package main

func main() { command.Main() }
