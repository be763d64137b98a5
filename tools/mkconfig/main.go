// Mkconfig writes the config of an image: its platform, how to run it, and which layers it has.
//
// Values that the settings do not name are inherited from the base's config. Layers are named by the descriptors that
// mklayer writes, bottom first. Shapes are the files of package shape, which mklayer and mkimport write; it is an
// error if a layer implies a directory that is something else in a layer below.
//
// The output is a config as image-spec 1.1 defines it. Its descriptor carries the image's platform. "mkconfig --help" lists
// the flags and the settings.
package main

func main() { command.Main() }
