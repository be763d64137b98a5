// Mkreference writes the name by which an image can be had once it is pushed: REPOSITORY@DIGEST.
//
// Usage:
//
//	mkreference --root=FILE --repository=REPOSITORY [--repository-file=FILE] [--status=FILE]... --output=FILE
//
// The name has no line feed at its end, as a digest file has none, so that it can be pasted into other files.
package main

func main() { command.Main() }
