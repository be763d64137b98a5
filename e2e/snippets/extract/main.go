// Extract finds the Starlark in Markdown pages and writes files that Bazel can try, one directory for each snippet:
// OUT/build/SNIPPET/BUILD.bazel, OUT/module/SNIPPET/MODULE.bazel or OUT/workspace/SNIPPET/WORKSPACE.
//
// Usage: extract --repository=DIR --out=DIR PAGE...
//
// Snippets lack what a page need not repeat: loads of our rules, and the targets and declarations of earlier snippets. The
// files get those. A snippet that cannot be tried has an HTML comment in the line above it: <!-- not built: REASON -->. The
// program lists all snippets, those as well.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("extract: ")
	repository := flag.String("repository", "", "the `directory` of rules_strata")
	out := flag.String("out", "", "the `directory` to write to")
	flag.Parse()
	for _, page := range flag.Args() {
		if err := extract(*repository, *out, page); err != nil {
			log.Fatal(err)
		}
	}
}

// extract writes the snippets of one page.
func extract(repository, out, page string) error {
	text, err := os.ReadFile(filepath.Join(repository, page))
	if err != nil {
		return err
	}
	for _, s := range snippets(page, string(text)) {
		if s.skipped != "" {
			fmt.Printf("not built: %s: %s\n", s.place(), s.skipped)
			continue
		}
		kind, file, err := complete(s, repository)
		if err != nil {
			return fmt.Errorf("%s: %w", s.place(), err)
		}
		dir := filepath.Join(out, kind.directory, s.name())
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, kind.file), file, 0o644); err != nil {
			return err
		}
		fmt.Printf("%s: %s\n", kind.file, s.place())
	}
	return nil
}
