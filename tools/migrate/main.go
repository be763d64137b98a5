// Migrate rewrites the calls of rules_oci, rules_docker and rules_img in a workspace to rules_strata.
//
// It changes whole targets, and whole chains of them, or nothing: an image whose layer cannot be translated stays, as do its
// pushes. It reports each call that stays, with the reason. docs/migrate.md is its manual.
//
// The program is a separate Go module, so that neither the other tools nor the users of the rules need its parser. It makes
// no network connection.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Exit codes. 64 is EX_USAGE of sysexits.h, because 2 is for calls that stay.
const (
	exitOK      = 0  // everything is translated
	exitFailure = 1  // the work failed
	exitSkipped = 2  // some calls stay
	exitUsage   = 64 // the command line is invalid
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// options is the command line.
type options struct {
	root              string
	write, statistics bool
	paths             []string
}

func run(args []string, out, problems io.Writer) int {
	o, err := parseFlags(args, problems)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(problems, "migrate: %v\nhint: migrate --help lists the flags\n", err)
		return exitUsage
	}
	skipped, err := migrate(o, out, problems)
	switch {
	case err != nil:
		fmt.Fprintf(problems, "migrate: %s\n", line(err.Error()))
		return exitFailure
	case skipped > 0:
		return exitSkipped
	}
	return exitOK
}

func parseFlags(args []string, problems io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("migrate", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&o.write, "write", false, "change the files; by default, print a diff")
	flags.StringVar(&o.root, "workspace", "", "`directory` of the workspace; by default, the one that contains the working directory")
	flags.BoolVar(&o.statistics, "statistics", false, "print how many calls of each ruleset are translated, instead of the diff and the report")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(problems)
		fmt.Fprintf(problems, "usage: migrate [flags] [PATH...]\n\nRewrite rules_oci, rules_docker and rules_img to rules_strata: in all files, or those at and below PATHS.\n\n")
		flags.PrintDefaults()
		fmt.Fprintf(problems, "\nExit code: 0 if all calls are translated, 2 if some stay, 1 for a failure, 64 for a usage error.\n")
	}
	o.paths = flags.Args()
	return o, err
}

// migrate does the work, and returns the number of calls that stay.
func migrate(o options, out, problems io.Writer) (int, error) {
	root, here, err := findRoot(o.root)
	if err != nil {
		return 0, err
	}
	w, err := open(root)
	if err != nil {
		return 0, err
	}
	if len(o.paths) == 0 {
		o.paths = []string{root}
	}
	var chosen []string
	for _, p := range o.paths {
		relative, err := inside(root, here, p)
		if err != nil {
			return 0, err
		}
		chosen = append(chosen, relative)
	}
	if err := w.choose(chosen); err != nil {
		return 0, err
	}
	w.plan()
	changes, err := w.render()
	if err != nil {
		return 0, err
	}
	if o.statistics {
		w.statistics(out)
		return 0, nil
	}
	if o.write {
		if err := w.write(changes); err != nil {
			return 0, err
		}
	} else {
		printDiff(out, changes)
	}
	return w.report(problems), nil
}

// findRoot returns the workspace and the working directory. Bazel starts programs elsewhere and names both in the
// environment.
func findRoot(root string) (workspace, here string, err error) {
	here = os.Getenv("BUILD_WORKING_DIRECTORY")
	if here == "" {
		if here, err = os.Getwd(); err != nil {
			return "", "", err
		}
	}
	if root != "" {
		if !filepath.IsAbs(root) {
			root = filepath.Join(here, root)
		}
		root, err = filepath.EvalSymlinks(root)
		return root, here, err
	}
	if here, err = filepath.EvalSymlinks(here); err != nil {
		return "", "", err
	}
	for dir := here; ; dir = filepath.Dir(dir) {
		if isWorkspace(dir) {
			return dir, here, nil
		}
		if dir == filepath.Dir(dir) {
			return "", "", fmt.Errorf("%s: no workspace contains this directory; set --workspace", here)
		}
	}
}

// inside returns the path of a file relative to the workspace. Files outside, also behind symlinks, are errors.
func inside(root, here, name string) (string, error) {
	full := name
	if !filepath.IsAbs(full) {
		full = filepath.Join(here, full)
	}
	real, err := filepath.EvalSymlinks(full)
	if err != nil {
		return "", err
	}
	relative, err := filepath.Rel(root, real)
	if err != nil || !filepath.IsLocal(relative) {
		return "", fmt.Errorf("%s: the file is outside of the workspace %s", name, root)
	}
	return filepath.ToSlash(relative), nil
}
