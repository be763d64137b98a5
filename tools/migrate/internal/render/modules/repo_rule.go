package modules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/edit"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// repoRule is the use of a repository rule in a MODULE.bazel file: NAME = use_repo_rule(FILE, "pull"). Ours is a module
// extension there.
type repoRule struct {
	file  *model.File
	use   *build.AssignExpr
	name  string
	pulls []*model.Call
}

// findRepoRule finds the repository rule for images.
func findRepoRule(f *model.File) *repoRule {
	for _, statement := range f.Tree.Stmt {
		assign, ok := statement.(*build.AssignExpr)
		if !ok {
			continue
		}
		name, plain := assign.LHS.(*build.Ident)
		use, made := assign.RHS.(*build.CallExpr)
		if !plain || !made || !expr.IsNamed(use.X, "use_repo_rule") || len(use.List) != 2 {
			continue
		}
		file, _ := use.List[0].(*build.StringExpr)
		symbol, _ := use.List[1].(*build.StringExpr)
		pull := f.Find.Rule(expr.Text(file), expr.Text(symbol))
		if pull == nil || !pull.Is("pull") {
			continue
		}
		e := &repoRule{file: f, use: assign, name: name.Name}
		for _, c := range f.Calls {
			if expr.IsNamed(c.Expr.X, e.name) {
				c.Rule = pull
				e.pulls = append(e.pulls, c)
			}
		}
		return e
	}
	return nil
}

// rewrite declares our extension in the place of the repository rule, or behind it if some pulls stay.
func (e *repoRule) rewrite() {
	var moved []string
	var last *model.Call
	f := e.file
	images := "images"
	for f.Bound[images] && images != e.name {
		images = "strata_" + images
	}
	for _, c := range e.pulls {
		if !c.Translated() {
			continue
		}
		last = c
		moved = append(moved, f.Source(c.Attr("name").Value))
		f.Edits.Replace(c.Expr.X, images+".pull")
	}
	if last == nil {
		return
	}
	start, end := edit.Span(e.use)
	text := images + " = use_extension(" + extensionText + ")"
	if len(moved) < len(e.pulls) {
		start, text = end, "\n"+text
	}
	f.Edits.Add(start, end, text)
	_, at := edit.Span(last.Expr)
	f.Edits.Insert(at, "\n\nuse_repo("+images+", "+strings.Join(moved, ", ")+")")
}

// copies writes a second pull of each image that calls on both sides of the boundary use.
func (m *Modules) copies() {
	w := m.w
	byFile := map[*model.File][]*model.Call{}
	for _, c := range w.Calls() {
		if c.Copied != "" && !c.File.Taken[c.Copied] { // an earlier run may have written it
			byFile[c.File] = append(byFile[c.File], c)
		}
	}
	for _, f := range w.Files {
		var statements, names []string
		for _, c := range byFile[f] {
			if f.Tree.Type != build.TypeModule {
				c.Made = append(c.Made, model.Made{Symbol: "images_pull", Text: fmt.Sprintf("images_pull(\n    name = %q,\n    reference = %s,\n)", c.Copied, c.Pulled)})
				continue
			}
			statements = append(statements, fmt.Sprintf("strata_images.pull(\n    name = %q,\n    reference = %s,\n)\n", c.Copied, c.Pulled))
			names = append(names, fmt.Sprintf("%q", c.Copied))
		}
		if len(names) > 0 {
			slices.Sort(names)
			use := "\nstrata_images = use_extension(" + extensionText + ")\n"
			if f.Bound["strata_images"] {
				use = "\n"
			}
			f.Edits.Insert(len(f.Text), use+strings.Join(statements, "")+"use_repo(strata_images, "+strings.Join(names, ", ")+")\n")
		}
	}
}
