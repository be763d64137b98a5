// Mksoci makes images that SOCI's snapshotter pulls lazily: it adds zTOCs, the tables that mklayer writes with --ztoc, to
// images, and writes an index of both.
//
// Each image with a zTOC of at least one layer gets a SOCI manifest, which lists its zTOCs, and an annotation that names this
// manifest. Layers that are small or have no zTOC are left out: they are pulled as usual. "mksoci --help" lists the flags.
package main

func main() { command.Main() }
