// Docgen writes the reference of what users load, docs/rules.md, from what Bazel's starlark_doc_extract says about it.
//
// Usage: docgen --flags=BUILD FILE.binaryproto...
//
// Each file becomes a section of the page, in the order of the arguments and of the definitions in the Starlark file. The
// page goes to standard output. What has no doc string is an error.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("docgen: ")
	flags := flag.String("flags", "", "the BUILD `file` that declares the build settings")
	flag.Parse()
	page, err := generate(*flags, flag.Args())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(page)
}

func generate(flagFile string, moduleFiles []string) (string, error) {
	var modules []module
	for _, name := range moduleFiles {
		data, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		var m module
		if err := decode(data, &m); err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		modules = append(modules, m)
	}
	text, err := os.ReadFile(flagFile)
	if err != nil {
		return "", err
	}
	settings, err := findSettings(string(text))
	if err != nil {
		return "", fmt.Errorf("%s: %w", flagFile, err)
	}
	return render(modules, settings)
}
