// Mkrootfs writes the file system that the layers of an image merge into, as an archive or as an image of a file system.
//
// It needs no root, mounts nothing and does not unpack the layers to disk. Its bytes depend on nothing but the merged file
// system and the flags. "mkrootfs --help" lists the flags.
package main

func main() { command.Main() }
