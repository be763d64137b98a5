// Bzllibraries keeps the bzl_library targets of Starlark files: each file has one with its name, whose deps are what the
// file loads. Gazelle has a plugin for that, but only for a gazelle that Bazel has built.
//
// Usage: bzllibraries [-fix] REPOSITORY PACKAGE...
//
// It lists the targets that are missing or wrong, and then ends with exit code 1. With -fix it writes them.
package main

import (
	"flag"
	"log"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	log.SetFlags(0)
	fix := flag.Bool("fix", false, "write the BUILD files")
	flag.Parse()
	if flag.NArg() < 2 {
		log.Fatal("usage: bzllibraries [-fix] REPOSITORY PACKAGE...")
	}
	var wrong []string
	for _, pkg := range flag.Args()[1:] {
		found, err := update(flag.Arg(0), pkg, *fix)
		if err != nil {
			log.Fatal(err)
		}
		wrong = append(wrong, found...)
	}
	if len(wrong) > 0 && !*fix {
		log.Fatalf("not what the files load: %s\nhint: bzllibraries -fix writes them", strings.Join(wrong, ", "))
	}
}

// update returns the labels of the libraries that are missing or wrong in a package, and corrects them if it shall.
func update(repository, pkg string, fix bool) ([]string, error) {
	dir := filepath.Join(repository, filepath.FromSlash(pkg))
	name := filepath.Join(dir, "BUILD.bazel")
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	text, wrong, err := libraries(name, data, dir, pkg)
	if err != nil || !fix || len(wrong) == 0 {
		return wrong, err
	}
	return wrong, os.WriteFile(name, text, 0o644)
}
