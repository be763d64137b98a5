// Mklayout writes an image or an index as an OCI image layout directory, as one tar archive, or as both.
//
// Usage:
//
//	mklayout --root=FILE [--document=FILE]... [--layer=DESCRIPTOR=BLOB]... [--blobs=DIR]...
//	         [--name=REFERENCE]... [--layout=DIR] [--archive=FILE]
//
// The image comes as the files that the other tools made: the descriptor of its root (--root), its manifests, configs
// and indexes (--document), and its layers, each as descriptor and blob (--layer) or in directories of blobs (--blobs).
// The layout (image-spec 1.1, "image-layout.md") is made of real files only. The archive is an OCI archive and a
// docker-archive at once, which "docker load" and "podman load" both take.
//
// A name (--name) becomes the annotations org.opencontainers.image.ref.name, the bare tag, and
// io.containerd.image.name, the full name, and an entry of RepoTags for Docker. If the root is an index, a Docker that
// reads no layouts finds its first image in the archive.
package main

func main() { command.Main() }
