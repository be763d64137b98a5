// Mksquash merges the layers of an image, or those above a base, into one layer, and writes the documents of the image that
// has it.
//
// The other parts of the config and the annotations of the manifest stay. The bytes of the layer depend on the merged file
// systems only. "mksquash --help" lists the flags.
package main

func main() { command.Main() }
