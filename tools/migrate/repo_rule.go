package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/edit"
)

// imgPull is pull of rules_img, in a WORKSPACE file or, through use_repo_rule, in a MODULE.bazel file.
var imgPull = &rule{
	role: pull, to: "images_pull", finish: finishPull,
	attrs: map[string]action{
		"registry": later, "registries": later, "repository": later, "digest": later, "tag": later,
		"layer_handling":                  drop("layers are fetched when an action needs them"),
		"downloader":                      drop(""),
		"unsafe_allow_tag_without_digest": drop(""),
	},
}

// imgRegistry returns the registry of a pull: the primary one, or the last, because mirrors come first.
func (c *call) imgRegistry() string {
	if registry, ok := c.text("registry"); ok {
		return registry
	}
	if all := c.strings("registries"); len(all) > 0 {
		if len(all) > 1 {
			c.note("only the last of the registries is used; docs/base-images.md describes mirrors")
		}
		return all[len(all)-1]
	}
	return "docker.io"
}

// repoRule is the use of a repository rule in a MODULE.bazel file: NAME = use_repo_rule(FILE, "pull"). Ours is a module
// extension there.
type repoRule struct {
	file  *file
	use   *build.AssignExpr
	name  string
	pulls []*call
}

// findRepoRule finds the repository rule for images.
func (f *file) findRepoRule() *repoRule {
	for _, statement := range f.tree.Stmt {
		assign, ok := statement.(*build.AssignExpr)
		if !ok {
			continue
		}
		name, plain := assign.LHS.(*build.Ident)
		use, made := assign.RHS.(*build.CallExpr)
		if !plain || !made || !isNamed(use.X, "use_repo_rule") || len(use.List) != 2 {
			continue
		}
		file, _ := use.List[0].(*build.StringExpr)
		symbol, _ := use.List[1].(*build.StringExpr)
		pull := f.find.rule(text(file), text(symbol))
		if pull == nil || !pull.is("pull") {
			continue
		}
		e := &repoRule{file: f, use: assign, name: name.Name}
		for _, c := range f.calls {
			if isNamed(c.expr.X, e.name) {
				c.rule = pull
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
	var last *call
	f := e.file
	images := "images"
	for f.bound[images] && images != e.name {
		images = "strata_" + images
	}
	for _, c := range e.pulls {
		if !c.translated() {
			continue
		}
		last = c
		moved = append(moved, f.source(c.attr("name").value))
		f.edits.Replace(c.expr.X, images+".pull")
	}
	if last == nil {
		return
	}
	start, end := edit.Span(e.use)
	text := images + " = use_extension(" + extensionText + ")"
	if len(moved) < len(e.pulls) {
		start, text = end, "\n"+text
	}
	f.edits.Add(start, end, text)
	_, at := edit.Span(last.expr)
	f.edits.Insert(at, "\n\nuse_repo("+images+", "+strings.Join(moved, ", ")+")")
}

// copies writes a second pull of each image that calls on both sides of the boundary use.
func (m *modules) copies() {
	w := m.w
	byFile := map[*file][]*call{}
	for _, c := range w.calls() {
		if c.copied != "" && !c.file.taken[c.copied] { // an earlier run may have written it
			byFile[c.file] = append(byFile[c.file], c)
		}
	}
	for _, f := range w.files {
		var statements, names []string
		for _, c := range byFile[f] {
			if f.tree.Type != build.TypeModule {
				c.made = append(c.made, made{"images_pull", fmt.Sprintf("images_pull(\n    name = %q,\n    reference = %s,\n)", c.copied, c.pulled)})
				continue
			}
			statements = append(statements, fmt.Sprintf("strata_images.pull(\n    name = %q,\n    reference = %s,\n)\n", c.copied, c.pulled))
			names = append(names, fmt.Sprintf("%q", c.copied))
		}
		if len(names) > 0 {
			slices.Sort(names)
			use := "\nstrata_images = use_extension(" + extensionText + ")\n"
			if f.bound["strata_images"] {
				use = "\n"
			}
			f.edits.Insert(len(f.text), use+strings.Join(statements, "")+"use_repo(strata_images, "+strings.Join(names, ", ")+")\n")
		}
	}
}

// copyable reports whether an image that is pulled can be pulled a second time: nothing but its users keeps the call.
func (c *call) copyable() bool {
	_, named := c.text("name")
	return named && c.rule.role == pull && c.pulled != "" && c.alone && (c.isTag() || c.file.tree.Type != build.TypeModule || c.rule.is("pull")) &&
		!slices.ContainsFunc(c.problems, func(p problem) bool { return p.code != "used-by" && p.code != "chain" })
}

// copy returns the name of the second repository.
func (c *call) copy() string {
	name, _ := c.text("name")
	c.copied = "strata_" + name
	return c.copied
}
