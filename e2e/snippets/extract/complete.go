package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// kind is a kind of file that a snippet is for.
type kind struct {
	directory, file string
}

var (
	buildKind     = kind{"build", "BUILD.bazel"}
	moduleKind    = kind{"module", "MODULE.bazel"}
	workspaceKind = kind{"workspace", "WORKSPACE"}
)

// complete returns a snippet as a file that can stand alone.
func complete(s snippet, repository string) (kind, []byte, error) {
	// Pages shorten digests.
	text := strings.ReplaceAll(s.text, "sha256:...", "sha256:"+strings.Repeat("0", 64))
	file, err := build.ParseDefault(s.place(), []byte(text))
	if err != nil {
		return kind{}, nil, fmt.Errorf("this looks like Starlark, but does not parse: %w", err)
	}
	rules, err := symbols(filepath.Join(repository, "rules/defs.bzl"))
	if err != nil {
		return kind{}, nil, err
	}
	functions, err := symbols(filepath.Join(repository, "rules/repositories.bzl"))
	if err != nil {
		return kind{}, nil, err
	}
	calls := called(file)
	var k kind
	var before, after []string
	switch {
	case slices.ContainsFunc(calls, isForModule):
		k, before = moduleKind, beforeModule(file, calls, repository)
	case slices.ContainsFunc(calls, func(name string) bool { return slices.Contains(functions, name) }):
		k, before = workspaceKind, beforeWorkspace(file, calls, functions, repository)
	default:
		k, before = buildKind, loads(file, calls, "@rules_strata//rules:defs.bzl", rules)
		after = standIns(file)
	}
	lines := slices.Concat(before, []string{text}, after)
	return k, []byte("# From " + s.place() + "\n" + strings.Join(lines, "\n") + "\n"), nil
}

// symbols returns the names that a Starlark file exports.
func symbols(name string) ([]string, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	file, err := build.ParseBzl(name, data)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, statement := range file.Stmt {
		switch x := statement.(type) {
		case *build.DefStmt:
			names = append(names, x.Name)
		case *build.AssignExpr:
			if ident, ok := x.LHS.(*build.Ident); ok {
				names = append(names, ident.Name)
			}
		}
	}
	return names, nil
}

// called returns the functions that the statements of a file call; that of an extension's tag as EXTENSION.TAG.
func called(file *build.File) []string {
	var names []string
	for _, statement := range file.Stmt {
		if assign, ok := statement.(*build.AssignExpr); ok {
			statement = assign.RHS
		}
		if call, ok := statement.(*build.CallExpr); ok {
			names = append(names, build.FormatString(call.X))
		}
	}
	return names
}

func isForModule(function string) bool {
	return slices.Contains([]string{"bazel_dep", "module", "use_extension", "use_repo"}, function) ||
		strings.Contains(function, ".")
}

// beforeModule returns what a snippet of MODULE.bazel lacks: the module, rules_strata, and extensions used by a name that
// the page has explained before.
func beforeModule(file *build.File, calls []string, repository string) []string {
	lines := []string{`module(name = "snippet")`}
	if !slices.ContainsFunc(file.Rules("bazel_dep"), func(x *build.Rule) bool { return x.Name() == "rules_strata" }) {
		lines = append(lines, `bazel_dep(name = "rules_strata")`)
	}
	lines = append(lines, fmt.Sprintf(`local_path_override(module_name = "rules_strata", path = %q)`, repository))
	if !slices.Contains(calls, "use_extension") && slices.ContainsFunc(calls, func(name string) bool { return strings.HasPrefix(name, "images.") }) {
		lines = append(lines, `images = use_extension("@rules_strata//rules:extensions.bzl", "images")`)
	}
	return lines
}

// beforeWorkspace returns what a snippet of WORKSPACE lacks.
func beforeWorkspace(file *build.File, calls, functions []string, repository string) []string {
	lines := []string{
		`workspace(name = "snippet")`,
		fmt.Sprintf(`local_repository(name = "rules_strata", path = %q)`, repository),
	}
	const first = "rules_strata_dependencies"
	if slices.Contains(calls, first) {
		return append(lines, loads(file, calls, "@rules_strata//rules:repositories.bzl", functions)...)
	}
	lines = append(lines, loads(file, append(calls, first), "@rules_strata//rules:repositories.bzl", functions)...)
	return append(lines, first+"()")
}

// loads returns the load of the symbols that are called and not loaded, if there are any.
func loads(file *build.File, calls []string, module string, symbols []string) []string {
	loaded := make(map[string]bool)
	for _, statement := range file.Stmt {
		if load, ok := statement.(*build.LoadStmt); ok {
			for _, name := range load.To {
				loaded[name.Name] = true
			}
		}
	}
	var missing []string
	for _, name := range calls {
		if slices.Contains(symbols, name) && !loaded[name] {
			loaded[name] = true
			missing = append(missing, fmt.Sprintf("%q", name))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("load(%q, %s)", module, strings.Join(missing, ", "))}
}

// standIns returns the declarations of targets that the rules of a snippet name and that it does not have. What each one
// has to be follows from the attribute that names it; standins.bzl knows.
func standIns(file *build.File) []string {
	var wanted []string
	attributes := make(map[string]string)
	there := make(map[string]bool)
	for _, rule := range file.Rules("") {
		there[rule.Name()] = true
		for _, out := range rule.AttrStrings("outs") {
			there[out] = true
		}
		for _, attribute := range rule.AttrKeys() {
			names := targets(attribute, rule.Attr(attribute))
			if rule.Kind() == "image_artifact" {
				names = append(names, artifactFiles(attribute, rule.Attr(attribute))...)
			}
			for _, name := range names {
				if attributes[name] == "" {
					wanted = append(wanted, name)
				}
				attributes[name] = attribute
			}
		}
	}
	lines := []string{`load("//:standins.bzl", "standin")`}
	for _, name := range wanted {
		if !there[name] {
			lines = append(lines, fmt.Sprintf("standin(name = %q, attribute = %q)", name, attributes[name]))
		}
	}
	return lines
}

// targets returns the names of the targets of this package in an attribute's value: texts like ":name", and those of srcs and
// configs without the colon.
func targets(attribute string, value build.Expr) []string {
	var names []string
	build.WalkOnce(value, func(x *build.Expr) {
		if pair, ok := (*x).(*build.KeyValueExpr); ok {
			names = append(names, targets(attribute, pair.Value)...)
			return
		}
		names = append(names, targets(attribute, *x)...)
	})
	text, ok := value.(*build.StringExpr)
	switch {
	case !ok:
	case strings.HasPrefix(text.Value, ":"):
		names = append(names, text.Value[1:])
	case (attribute == "configs" || attribute == "srcs") && !strings.ContainsAny(text.Value, ":@"):
		names = append(names, text.Value)
	}
	return names
}

// artifactFiles returns the files of an image_artifact: unlike in image_layer, the keys of files are labels.
func artifactFiles(attribute string, value build.Expr) []string {
	var names []string
	switch x := value.(type) {
	case *build.StringExpr:
		if attribute == "config" {
			names = append(names, strings.TrimPrefix(x.Value, ":"))
		}
	case *build.DictExpr:
		for _, pair := range x.List {
			if key, ok := pair.Key.(*build.StringExpr); ok && attribute == "files" {
				names = append(names, strings.TrimPrefix(key.Value, ":"))
			}
		}
	}
	return names
}
