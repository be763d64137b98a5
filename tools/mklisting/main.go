// Mklisting lists the entries of layers: their paths, types, metadata and digests.
//
// It reads each blob once and verifies its digest, its size and its diff ID. Package listing describes the file that it writes;
// "mklisting --help" lists the flags.
package main

func main() { command.Main() }
