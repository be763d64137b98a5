// Mklayout writes images or indexes as an OCI image layout directory, as one tar archive, or as both.
//
// The input is the files that the other tools write: the descriptor of each root, the manifests, configs and indexes, and
// the layers, each as descriptor and blob or in directories of blobs. The layout (image-spec 1.1, "image-layout.md")
// consists of regular files. The archive is an OCI archive and a docker-archive in one, which both "docker load" and
// "podman load" read.
//
// A name becomes the annotations org.opencontainers.image.ref.name (the bare tag) and io.containerd.image.name (the full
// name), and an entry of RepoTags for Docker. If images share a tag, both annotations are the full name. If a root is an
// index, Docker finds its first image in the archive. Referrers are further entries of index.json, without names.
// "mklayout --help" lists the flags.
package main

func main() { command.Main() }
