// Mkconfig writes the config of an image: how it is run, what it is for, and which layers it has.
//
// Usage:
//
//	mkconfig [--base-config=FILE] [--base-descriptor=FILE] [--base-shape=FILE]... [--layer=FILE [--shape=FILE]]...
//	    [--settings=JSON] --output=FILE --descriptor=FILE
//
// A base's config is inherited from; layers are named by the descriptors that mklayer writes, bottom first. Settings
// are a JSON object: a key that is absent inherits the base's value, a name in the list "clear" drops it, anything
// else sets it. The keys are documented at image.Settings and printed by --help.
//
// Shapes are the files of package shape, which mklayer and mkimport write. A layer that implies a directory which is
// something else below is refused.
//
// The output is a config as image-spec 1.1 defines it; the descriptor names it and carries the image's platform.
package main

func main() { command.Main() }
