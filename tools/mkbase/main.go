// Mkbase turns the documents of a locked base image into what other tools take: its descriptor and those of its layers.
//
// Usage:
//
//	mkbase --manifest=FILE --config=FILE --digest=DIGEST --platform=OS/ARCH[/VARIANT] --source=REPOSITORY...
//	       --manifest-output=OUTPUT --config-output=OUTPUT --descriptor=OUTPUT [--digest-output=OUTPUT]
//	       [--layer=OUTPUT]...
//
// The manifest must have the digest, the config the digest that the manifest says, and there must be one --layer for
// each layer, lowest first. The documents are copied, so that whoever takes the copies takes what was checked. A layer's
// descriptor says in which repositories (--source, the best first) its blob is.
package main

func main() { command.Main() }
