// Mkreference writes the reference by which an image can be pulled once it is pushed: REPOSITORY@DIGEST.
//
// The file has no newline at its end, like a digest file, so that it can be pasted into other files. "mkreference --help"
// lists the flags.
package main

func main() { command.Main() }
