// Mkbase checks the documents of a locked base image and writes its descriptors.
//
// The manifest and the config come from a lock file (see package lockfile). They must belong together and have the digest
// that the lock file states. They are copied, so that later steps read the checked bytes. "mkbase --help" lists the flags.
package main

func main() { command.Main() }
