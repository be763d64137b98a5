// Mkimport takes an image that another program exported, as a base for new ones.
//
// Usage:
//
//	mkimport --source=PATH [--platform=OS/ARCH[/VARIANT]] [--ref=NAME]
//	         [--manifest=FILE] [--config=FILE] [--descriptor=FILE] [--digest=FILE] [--blobs=DIR]
//
// The source (--source) is an OCI image layout directory, an OCI archive, or a docker-archive as "docker save" and
// "podman save" make it; an archive may be packed with gzip, bzip2, xz or zstd. What it is, is known by what it holds.
// If it has several images, --platform and --ref choose one. Every digest and size is verified, and no byte is changed.
//
// The outputs are the image's manifest, config, descriptor and digest, each if its flag is given, and with --blobs a
// directory that has the layers as sha256/HEX; all of them, or after an error none. The image of a docker-archive gets
// a manifest, since such an archive has none.
package main

func main() { command.Main() }
