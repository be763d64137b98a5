package outputs

import (
	"os"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/pattern"
)

// IsUndeclared reports whether no rule or macro of a package can declare a target: its label is that of a source file or a
// directory, which need not exist in this checkout.
func IsUndeclared(w *model.Workspace, key string) bool {
	pkg, name := model.Split(key)
	found := false
	for _, f := range w.Package(pkg) {
		found = true
		for _, c := range f.Calls {
			a := c.Attr("name")
			loaded := slices.ContainsFunc(f.Loads, func(load *build.LoadStmt) bool {
				return !strings.HasPrefix(load.Module.Value, "@rules_strata//") &&
					slices.ContainsFunc(load.To, func(to *build.Ident) bool { return to.Name == c.Kind() })
			})
			switch {
			case c.Rule == nil && loaded:
				return false // perhaps a macro
			case a != nil:
				if text, known := pattern.Of(a.Value); !known && c.Rule == nil || known && pattern.Overlap(pattern.Glob(text), name) && strings.Trim(pattern.Glob(text), "*") != "" {
					return false
				}
			}
		}
	}
	return found
}

// IsSource reports whether a label is that of a source file.
func IsSource(w *model.Workspace, key string) bool {
	info, err := os.Lstat(w.Path(key))
	return err == nil && info.Mode().IsRegular()
}
