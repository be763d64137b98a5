// Release builds everything that a release of rules_strata consists of, from a commit of this repository:
//
//	./bazelw run //dev/release -- --output=DIR
//
// DIR then holds the module archive, the prebuilt tools for each platform, tools.lock.json, which names them, SHA256SUMS,
// release-notes.md, and in registry the entries for a Bazel registry. The same commit gives the same bytes on every
// machine: the program reads only what is committed, and compiles with the Go version that MODULE.bazel names.
//
// It needs git and go on PATH. It does not publish anything; CONTRIBUTING.md lists the steps.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "release: %v\n", err)
		os.Exit(1)
	}
}

// options holds the command line.
type options struct {
	repository string
	output     string
	commit     string
	tag        string
	platforms  []platform
}

func run(ctx context.Context, args []string) error {
	opts, err := parse(args)
	if err != nil {
		return err
	}
	source, err := readCommit(ctx, opts.repository, opts.commit)
	if err != nil {
		return err
	}
	rel, err := newRelease(source)
	if err != nil {
		return err
	}
	if err := rel.checkTag(opts.tag); err != nil {
		return err
	}
	tools, err := compileTools(ctx, source, rel.goVersion, opts.platforms)
	if err != nil {
		return err
	}
	files, err := rel.files(tools)
	if err != nil {
		return err
	}
	return write(opts.output, files)
}

func parse(args []string) (options, error) {
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	output := flags.String("output", "", "write the release to `DIR`, which must be missing or empty")
	commit := flags.String("commit", "HEAD", "release `COMMIT`; what is not committed is left out")
	tag := flags.String("tag", "", "fail unless `TAG` is the tag of the version in MODULE.bazel")
	only := flags.String("platforms", "", "build the tools for these platforms only, as `OS_ARCH,...`: a rehearsal")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if *output == "" || flags.NArg() > 0 {
		return options{}, fmt.Errorf("usage: release --output=DIR [--commit=COMMIT] [--tag=TAG] [--platforms=OS_ARCH,...]")
	}
	chosen, err := choosePlatforms(*only)
	if err != nil {
		return options{}, err
	}
	return options{
		repository: workspace(),
		output:     userPath(*output),
		commit:     *commit,
		tag:        *tag,
		platforms:  chosen,
	}, nil
}

// workspace is the repository's directory: "bazel run" names it, and otherwise it is the current directory.
func workspace() string {
	if dir := os.Getenv("BUILD_WORKSPACE_DIRECTORY"); dir != "" {
		return dir
	}
	return "."
}

// userPath resolves a path against the directory in which "bazel run" was typed.
func userPath(path string) string {
	if dir := os.Getenv("BUILD_WORKING_DIRECTORY"); dir != "" && !filepath.IsAbs(path) {
		return filepath.Join(dir, path)
	}
	return path
}

// write puts the files into the directory dir, and lists those that are to be uploaded.
func write(dir string, files []file) error {
	if found, err := os.ReadDir(dir); err == nil && len(found) > 0 {
		return fmt.Errorf("output %s: the directory is not empty", dir)
	}
	if err := writeFiles(dir, files); err != nil {
		return err
	}
	for _, f := range files {
		if !strings.Contains(f.name, "/") {
			fmt.Printf("%10d %s\n", len(f.content), f.name)
		}
	}
	return nil
}
