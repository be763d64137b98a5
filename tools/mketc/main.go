// Mketc writes files below /etc that depend on several inputs, as a tar for mklayer.
//
//	mketc users --user=app:x:1000 --group=log:x:50:app --output=users.tar
//	mketc certificates --file=company.pem --file=ca-certificates.deb --output=certificates.tar
//	mketc libraries --root=image.json --blobs=blobs --output=libraries.tar
//
// With the flags for an image, the files are those of that image, with additions. "mketc COMMAND --help" lists the flags.
package main

import "github.com/rules-strata/rules_strata/tools/internal/cli"

var command = cli.Group{
	Name:     "mketc",
	Summary:  "write files below /etc that depend on several inputs",
	Commands: []cli.Command{usersCommand, certificatesCommand, librariesCommand},
}

func main() { command.Main() }
