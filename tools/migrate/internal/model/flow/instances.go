package flow

import (
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/pattern"
)

// Instances returns the calls of macros that declare images and programs, by the labels of these where BUILD files call the macros. It
// knows those whose names depend on nothing but the parameter name.
func Instances(w *model.Workspace) map[string]*model.Call {
	found := map[string]*model.Call{}
	for _, f := range w.Files {
		if !f.IsBuild() {
			continue
		}
		for _, c := range f.Calls {
			if name, literal := c.Text("name"); literal && c.Rule == nil && c.Scope == nil {
				addInstances(found, f, f, c, name, 0)
			}
		}
	}
	return found
}

// addInstances adds the images and programs of a call, in a file, of a macro with a name. Their package is that of a BUILD file.
func addInstances(found map[string]*model.Call, at, in *model.File, c *model.Call, name string, depth int) {
	from, x := in.Definition(c.Kind())
	def, ok := x.(*build.DefStmt)
	if !ok || depth > 4 {
		return
	}
	for _, inner := range from.Calls {
		a := inner.Attr("name")
		if inner.Scope != def || a == nil {
			continue
		}
		text, known := pattern.Of(a.Value)
		text = strings.ReplaceAll(text, "<name>", name)
		switch {
		case !known || strings.Contains(text, "<"):
		case inner.Rule == nil:
			addInstances(found, at, from, inner, text, depth+1)
		case inner.Rule.Role == model.Image, inner.Rule.Role == model.Program:
			found[at.Label(text)] = inner
		}
	}
}
