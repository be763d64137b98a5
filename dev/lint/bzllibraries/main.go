// Bzllibraries checks that every Starlark file of the rules has a bzl_library with its name, and that the deps of the
// library are what the file loads.
//
// Usage: bzllibraries REPOSITORY PACKAGE...
//
// Gazelle has a plugin that writes these targets, but only for a gazelle that Bazel has built. What is wrong goes to
// standard error, and the exit code is then 1.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
	"github.com/bazelbuild/buildtools/labels"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 3 {
		log.Fatal("usage: bzllibraries REPOSITORY PACKAGE...")
	}
	var problems []string
	for _, pkg := range os.Args[2:] {
		found, err := check(os.Args[1], pkg)
		if err != nil {
			log.Fatal(err)
		}
		problems = append(problems, found...)
	}
	if len(problems) > 0 {
		log.Fatal(strings.Join(problems, "\n"))
	}
}

// check returns what is wrong with the libraries of one package.
func check(repository, pkg string) ([]string, error) {
	dir := filepath.Join(repository, filepath.FromSlash(pkg))
	data, err := os.ReadFile(filepath.Join(dir, "BUILD.bazel"))
	if err != nil {
		return nil, err
	}
	file, err := build.ParseBuild(pkg+"/BUILD.bazel", data)
	if err != nil {
		return nil, err
	}
	libraries := make(map[string]*build.Rule)
	for _, rule := range file.Rules("bzl_library") {
		libraries[rule.Name()] = rule
	}
	sources, err := filepath.Glob(filepath.Join(dir, "*.bzl"))
	if err != nil {
		return nil, err
	}
	var problems []string
	for _, source := range sources {
		name := strings.TrimSuffix(filepath.Base(source), ".bzl")
		wrong, err := checkLibrary(libraries[name], source, pkg)
		if err != nil {
			return nil, err
		}
		for _, text := range wrong {
			problems = append(problems, fmt.Sprintf("//%s: bzl_library %q %s", pkg, name, text))
		}
		delete(libraries, name)
	}
	for name := range libraries {
		problems = append(problems, fmt.Sprintf("//%s: bzl_library %q has no file %s.bzl", pkg, name, name))
	}
	slices.Sort(problems)
	return problems, nil
}

// checkLibrary compares the library of one file, nil if there is none, with what the file loads.
func checkLibrary(library *build.Rule, source, pkg string) ([]string, error) {
	if library == nil {
		return []string{"is missing"}, nil
	}
	loads, err := loadsOf(source, pkg)
	if err != nil {
		return nil, err
	}
	var problems []string
	if srcs := library.AttrStrings("srcs"); !slices.Equal(srcs, []string{filepath.Base(source)}) {
		problems = append(problems, fmt.Sprintf("has srcs %q, but is for %s", srcs, filepath.Base(source)))
	}
	deps := make(map[string]bool)
	for _, dep := range library.AttrStrings("deps") {
		deps[libraryOf(dep, pkg)] = true
	}
	for load := range loads {
		if !deps[load] {
			problems = append(problems, "lacks the dep "+labels.Shorten(load, pkg))
		}
	}
	for dep := range deps {
		// Where another repository has no libraries, its files stand for themselves, with all that they load.
		if !loads[dep] && strings.HasPrefix(dep, "//") {
			problems = append(problems, "has a dep that its file does not load: "+labels.Shorten(dep, pkg))
		}
	}
	return problems, nil
}

// loadsOf returns the libraries of the files that a Starlark file loads.
func loadsOf(source, pkg string) (map[string]bool, error) {
	data, err := os.ReadFile(source)
	if err != nil {
		return nil, err
	}
	file, err := build.ParseBzl(source, data)
	if err != nil {
		return nil, err
	}
	loads := make(map[string]bool)
	for _, statement := range file.Stmt {
		if load, ok := statement.(*build.LoadStmt); ok {
			loads[libraryOf(load.Module.Value, pkg)] = true
		}
	}
	return loads, nil
}

// libraryOf returns the label of the library for the label of a file or of a library.
func libraryOf(label, pkg string) string {
	parsed := labels.ParseRelative(label, pkg)
	parsed.Target = strings.TrimSuffix(parsed.Target, ".bzl")
	return parsed.Format()
}
