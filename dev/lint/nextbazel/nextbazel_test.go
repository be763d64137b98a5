// Package nextbazel tests that no Starlark file uses anything that Bazel 8 or 9 removed.
//
// Files may use only those globals, native rules and members that Bazel 7, 8 and 9 have in common. Builds with the flags in
// dev/next.bazelrc test some of it; this test covers every file, also those that no build loads.
package nextbazel

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bazelbuild/buildtools/build"
)

// Globals of Starlark itself, and of .bzl files. Those of Bazel for single languages (CcInfo, java_common, proto_common, ...) are
// gone in Bazel 9: https://github.com/bazelbuild/bazel/issues/23043.
var globals = strings.Fields(`
	None True False abs all any bool dict dir enumerate fail float getattr hasattr hash int len list max min print range repr
	reversed set sorted str tuple type zip
	Label aspect attr config config_common configuration_field depset exec_group exec_transition json macro materializer_rule
	module_extension native platform_common proto provider repository_rule rule select struct subrule tag_class testing transition
	visibility
	AnalysisTestResultInfo DefaultInfo ExecutionInfo InstrumentedFilesInfo OutputGroupInfo RunEnvironmentInfo coverage_common
`)

// Functions and rules of BUILD files that need no load statement.
var buildNames = strings.Fields(`
	alias config_feature_flag config_setting constraint_setting constraint_value environment environment_group existing_rule
	existing_rules exports_files filegroup genquery genrule glob label_flag label_setting licenses module_name module_version
	package package_group package_name package_relative_label platform repo_name repository_name starlark_doc_extract subpackages
	test_suite toolchain toolchain_type
`)

// Members that Bazel 8 or 9 removed or disabled by default, with the reason.
var gone = map[string]string{
	"resolve_tools":        "https://github.com/bazelbuild/bazel/issues/22249",
	"host_fragments":       "removed in Bazel 7",
	"host_configuration":   "removed in Bazel 7",
	"check_placeholders":   "removed in Bazel 7",
	"to_proto":             "use the module proto",
	"to_json":              "use the module json",
	"local_repository":     "https://github.com/bazelbuild/bazel/issues/22080",
	"new_local_repository": "https://github.com/bazelbuild/bazel/issues/22080",
	"repository_name":      "use repo_name",
	"bind":                 "removed with WORKSPACE in Bazel 9",
}

// files lists the Starlark files that git tracks.
func files(t *testing.T) (top string, names []string) {
	t.Helper()
	top, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	list, err := exec.Command("git", "-C", top, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--",
		"*.bzl", "*BUILD.bazel", "*BUILD").Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	for _, name := range strings.Split(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		switch {
		case strings.Contains(name, "/testdata/"): // input of tests
		case strings.HasPrefix(name, "e2e/migrate/"): // uses rulesets for older versions, and is translated first
		case strings.HasSuffix(name, "workspace.bzl"): // for WORKSPACE files, which Bazel 9 does not read
		default:
			names = append(names, name)
		}
	}
	if len(names) < 100 {
		t.Fatalf("only %d Starlark files", len(names))
	}
	return top, names
}

func TestNames(t *testing.T) {
	top, names := files(t)
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(top, name))
		if os.IsNotExist(err) {
			continue // deleted, and not committed
		}
		if err != nil {
			t.Fatal(err)
		}
		known := globals
		parse := build.ParseBzl
		if strings.HasPrefix(path.Base(name), "BUILD") {
			known = slices.Concat(globals, buildNames)
			parse = build.ParseBuild
		}
		file, err := parse(name, data)
		if err != nil {
			t.Fatal(err)
		}
		for _, use := range uses(file, known) {
			t.Errorf("%s:%d: %s: %s", name, use.line, use.name, use.reason)
		}
	}
}

// use is a name in a file that newer versions of Bazel do not have.
type use struct {
	line         int
	name, reason string
}

// uses lists the names that a file uses and that are neither known nor bound in it, whatever the scope, and the members that are
// gone.
func uses(file *build.File, known []string) []use {
	bound := make(map[string]bool)
	skip := make(map[*build.Ident]bool)
	bind := func(e build.Expr) {
		build.Walk(e, func(x build.Expr, _ []build.Expr) {
			if i, ok := x.(*build.Ident); ok {
				bound[i.Name] = true
			}
		})
	}
	build.Walk(file, func(x build.Expr, _ []build.Expr) {
		switch x := x.(type) {
		case *build.LoadStmt:
			for i := range x.To {
				bound[x.To[i].Name] = true
				skip[x.From[i]] = true
			}
		case *build.DefStmt:
			bound[x.Name] = true
			for _, p := range x.Params {
				bindParameter(p, bound)
			}
		case *build.LambdaExpr:
			for _, p := range x.Params {
				bindParameter(p, bound)
			}
		case *build.AssignExpr:
			switch left := x.LHS.(type) {
			case *build.Ident:
				bound[left.Name] = true
			case *build.TupleExpr, *build.ListExpr:
				bind(left)
			}
		case *build.ForStmt:
			bind(x.Vars)
		case *build.ForClause:
			bind(x.Vars)
		case *build.CallExpr:
			for _, argument := range x.List {
				if a, ok := argument.(*build.AssignExpr); ok {
					if i, ok := a.LHS.(*build.Ident); ok {
						skip[i] = true
					}
				}
			}
		}
	})
	var found []use
	add := func(e build.Expr, name, reason string) {
		start, _ := e.Span()
		found = append(found, use{start.Line, name, reason})
	}
	build.Walk(file, func(x build.Expr, _ []build.Expr) {
		switch x := x.(type) {
		case *build.Ident:
			if !skip[x] && !bound[x.Name] && !slices.Contains(known, x.Name) {
				add(x, x.Name, "not a global of Bazel 9")
			}
		case *build.DotExpr:
			if reason, ok := gone[x.Name]; ok {
				add(x, x.Name, reason)
			}
			if i, ok := x.X.(*build.Ident); ok && i.Name == "native" && !slices.Contains(buildNames, x.Name) {
				add(x, "native."+x.Name, "not a native rule or function of Bazel 9")
			}
		}
	})
	return found
}

func bindParameter(p build.Expr, bound map[string]bool) {
	switch p := p.(type) {
	case *build.Ident:
		bound[p.Name] = true
	case *build.AssignExpr:
		bindParameter(p.LHS, bound)
	case *build.UnaryExpr:
		if p.X != nil {
			bindParameter(p.X, bound)
		}
	}
}

func TestUses(t *testing.T) {
	const text = `
load("//x:y.bzl", "one", two = "three")

def f(a, b = 1, *args, **kwargs):
    for k, (v, w) in a.items():
        print(k, v, w, one, two, [x for x in b], lambda z: z)
    native.genrule(name = "g")
    return ctx_of(kwargs).resolve_tools(tools = args)

cc_binary(name = CcInfo)
native.cc_library(name = "c")
`
	file, err := build.ParseBzl("x.bzl", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, use := range uses(file, globals) {
		got = append(got, use.name)
	}
	want := []string{"CcInfo", "cc_binary", "ctx_of", "native.cc_library", "resolve_tools"}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
