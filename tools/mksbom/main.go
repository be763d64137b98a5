// Mksbom writes a software bill of materials: the packages of an image or an index, from what the build knows about its layers.
// It reads no layer. "mksbom --help" lists the flags.
package main

func main() { command.Main() }
