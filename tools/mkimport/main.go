// Mkimport imports an image that another program exported, as a base for new ones.
//
// The source is an OCI image layout directory, an OCI archive, or a docker-archive as "docker save" and "podman save" write
// it, detected by content; an archive may be compressed with gzip, bzip2, xz or zstd. If it contains several images,
// --platform and --ref select one. Every digest and size is verified, and no byte is changed.
//
// The outputs are the image's manifest, config, descriptor, digest and shape, each if its flag is given, and with --blobs a
// directory from which other tools learn where to read the layers in the source; it contains the layers of a compressed
// archive as sha256/HEX. After an error, none of them exists. An image of a docker-archive gets a
// manifest, because such an archive has none. "mkimport --help" lists the flags.
package main

func main() { command.Main() }
