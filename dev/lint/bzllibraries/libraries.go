package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
	"github.com/bazelbuild/buildtools/labels"
)

// libraries returns a BUILD file with the right libraries for the Starlark files of its directory, and the labels of those
// that had to change.
func libraries(name string, data []byte, dir, pkg string) (text []byte, wrong []string, err error) {
	file, err := build.ParseBuild(name, data)
	if err != nil {
		return nil, nil, err
	}
	sources, err := filepath.Glob(filepath.Join(dir, "*.bzl"))
	if err != nil {
		return nil, nil, err
	}
	gone := make(map[string]bool)
	for _, library := range file.Rules("bzl_library") {
		gone[library.Name()] = true
	}
	for _, source := range sources {
		loads, err := loadsOf(source, pkg)
		if err != nil {
			return nil, nil, err
		}
		name := strings.TrimSuffix(filepath.Base(source), ".bzl")
		if setLibrary(file, name, pkg, loads) {
			wrong = append(wrong, "//"+pkg+":"+name)
		}
		delete(gone, name)
	}
	for _, name := range slices.Sorted(maps.Keys(gone)) {
		file.DelRules("bzl_library", name)
		wrong = append(wrong, "//"+pkg+":"+name)
	}
	return build.Format(file), wrong, nil
}

// loadsOf returns the labels that a Starlark file loads, as they look from its package.
func loadsOf(source, pkg string) ([]string, error) {
	data, err := os.ReadFile(source)
	if err != nil {
		return nil, err
	}
	file, err := build.ParseBzl(source, data)
	if err != nil {
		return nil, err
	}
	var loads []string
	for _, statement := range file.Stmt {
		if load, ok := statement.(*build.LoadStmt); ok {
			loads = append(loads, labels.Shorten(load.Module.Value, pkg))
		}
	}
	return loads, nil
}

// setLibrary gives a file's library the right srcs and deps, and says whether that is a change.
func setLibrary(file *build.File, name, pkg string, loads []string) bool {
	var library *build.Rule
	for _, rule := range file.Rules("bzl_library") {
		if rule.Name() == name {
			library = rule
		}
	}
	if library == nil {
		library = build.NewRule(&build.CallExpr{X: &build.Ident{Name: "bzl_library"}})
		library.SetAttr("name", &build.StringExpr{Value: name})
		file.Stmt = append(file.Stmt, library.Call)
	}
	srcs, deps := []string{name + ".bzl"}, depsOf(loads, library.AttrStrings("deps"), pkg)
	if slices.Equal(library.AttrStrings("srcs"), srcs) && sameSet(library.AttrStrings("deps"), deps) {
		return false
	}
	library.SetAttr("srcs", list(srcs))
	library.DelAttr("deps")
	if len(deps) > 0 {
		library.SetAttr("deps", list(deps))
	}
	return true
}

// withoutLibraries is the repository whose files have no libraries.
const withoutLibraries = "@bazel_tools//"

// depsOf returns the deps of the library of a file. A file of another repository that has no library stands for itself, and
// the present deps name what it loads in turn: files of its package.
func depsOf(loads, present []string, pkg string) []string {
	deps := make(map[string]bool)
	for _, load := range loads {
		if strings.HasPrefix(load, withoutLibraries) || slices.Contains(present, load) {
			deps[load] = true
		} else {
			deps[labels.Shorten(strings.TrimSuffix(load, ".bzl"), pkg)] = true
		}
		for _, dep := range present {
			if strings.HasPrefix(load, "@") && samePackage(dep, load) {
				deps[dep] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(deps))
}

func samePackage(a, b string) bool {
	x, y := labels.Parse(a), labels.Parse(b)
	return x.Repository == y.Repository && x.Package == y.Package
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func list(values []string) *build.ListExpr {
	var list build.ListExpr
	for _, value := range values {
		list.List = append(list.List, &build.StringExpr{Value: value})
	}
	return &list
}
