package modules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/edit"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// extension is a use of the module extension oci in a MODULE.bazel file.
type extension struct {
	file  *model.File
	use   *build.CallExpr
	name  string // of the variable
	pulls []*model.Call
	rest  []*build.CallExpr // other tags, which have no effect here
	repos []*build.CallExpr // use_repo
	names []*build.Ident    // all uses of the variable
}

// findExtension finds the extension's tags, and adds a call for each pull.
func findExtension(f *model.File) *extension {
	e := &extension{file: f}
	build.Walk(f.Tree, func(x build.Expr, _ []build.Expr) {
		assign, ok := x.(*build.AssignExpr)
		if !ok {
			return
		}
		use, ok := assign.RHS.(*build.CallExpr)
		name, plain := assign.LHS.(*build.Ident)
		if !ok || !plain || len(use.List) < 2 {
			return
		}
		function, _ := use.X.(*build.Ident)
		file, _ := use.List[0].(*build.StringExpr)
		if function != nil && function.Name == "use_extension" && strings.HasSuffix(expr.Text(file), "rules_oci//oci:extensions.bzl") {
			e.use, e.name = use, name.Name
		}
	})
	if e.use == nil {
		return nil
	}
	build.Walk(f.Tree, func(x build.Expr, stack []build.Expr) {
		if name, ok := x.(*build.Ident); ok && name.Name == e.name && !expr.NamesArgument(name, stack) {
			e.names = append(e.names, name)
		}
	})
	for _, c := range f.Calls {
		switch function := c.Expr.X.(type) {
		case *build.DotExpr:
			if name, ok := function.X.(*build.Ident); !ok || name.Name != e.name {
				continue
			}
			if function.Name != "pull" {
				e.rest = append(e.rest, c.Expr)
				continue
			}
			c.Rule = f.Find.Rule("@rules_oci//oci:pull.bzl", "oci_pull")
			e.pulls = append(e.pulls, c)
		case *build.Ident:
			if function.Name == "use_repo" && len(c.Expr.List) > 0 {
				if name, ok := c.Expr.List[0].(*build.Ident); ok && name.Name == e.name {
					e.repos = append(e.repos, c.Expr)
				}
			}
		}
	}
	return e
}

// rewrite makes the extension ours if all its pulls are translated, and otherwise puts ours next to it. Without a translated
// pull, it stays.
func (e *extension) rewrite() {
	done, left := map[string]bool{}, map[string]bool{}
	for _, c := range e.pulls {
		name, _ := c.Text("name")
		if c.Translated() {
			done[name] = true
		} else {
			left[name] = true
		}
	}
	switch f := e.file; {
	case len(done) == 0:
	case len(left) > 0:
		e.split(done)
	default:
		start, _ := edit.Span(e.use.List[0])
		_, end := edit.Span(e.use.List[1])
		f.Edits.Add(start, end, extensionText)
		if !f.Bound["images"] {
			for _, name := range e.names {
				f.Edits.Replace(name, "images")
			}
		}
		for _, tag := range e.rest {
			f.Edits.RemoveLines(f.Text, tag)
		}
		for _, use := range e.repos {
			var gone []int
			for i, arg := range use.List {
				if s, ok := arg.(*build.StringExpr); ok && !done[s.Value] {
					gone = append(gone, i)
				}
			}
			f.Edits.RemoveArguments(f.Text, use, gone...)
		}
	}
}

const extensionText = `"@rules_strata//rules:extensions.bzl", "images"`

// split declares our extension behind the other one, and moves the translated pulls to it.
func (e *extension) split(done map[string]bool) {
	f := e.file
	images := "images"
	for f.Bound[images] {
		images = "strata_" + images
	}
	_, at := edit.Span(e.use)
	f.Edits.Insert(at, "\n"+images+" = use_extension("+extensionText+")")
	for _, c := range e.pulls {
		if function, ok := c.Expr.X.(*build.DotExpr); ok && c.Translated() {
			f.Edits.Replace(function.X, images)
		}
	}
	var moved []string
	for _, use := range e.repos {
		var gone []int
		for i, arg := range use.List {
			s, ok := arg.(*build.StringExpr)
			if !ok {
				continue
			}
			platform := slices.ContainsFunc(slices.Sorted(maps.Keys(done)), func(name string) bool { return strings.HasPrefix(s.Value, name+"_linux_") })
			if done[s.Value] {
				moved = append(moved, fmt.Sprintf("%q", s.Value))
			}
			if done[s.Value] || platform {
				gone = append(gone, i)
			}
		}
		if len(gone) == len(use.List)-1 {
			f.Edits.RemoveLines(f.Text, use)
			continue
		}
		f.Edits.RemoveArguments(f.Text, use, gone...)
	}
	if len(moved) > 0 {
		last := e.repos[len(e.repos)-1]
		_, end := edit.Span(last)
		f.Edits.Insert(f.Text.LineEnd(end), "\nuse_repo("+images+", "+strings.Join(moved, ", ")+")")
	}
}
