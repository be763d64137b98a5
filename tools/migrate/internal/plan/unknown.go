package plan

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/model/flow"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/plan/boundary"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/outputs"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/pattern"
)

// resolveUnknown notes the use of an image or a layer that a rule outside of the rulesets makes, if its files are known: the
// .tar of a rule that extends container_image, the layout that oci_image requires of a base, or the archive of a layer. All
// others that rules_docker accepts have an archive behind a container_image.
func (p *Plan) resolveUnknown(c *model.Call, ref *model.Reference) bool {
	s, literal := ref.Value.(*build.StringExpr)
	literal = literal && (c.Scope == nil || strings.HasPrefix(s.Value, "//"))
	var makers []*model.Call
	known := false
	if literal {
		makers, known = p.makers(c.File.Label(s.Value))
	}
	l := boundary.UnknownLink{Link: boundary.Link{User: c, Attr: ref.Attr, Value: ref.Value}}
	if literal {
		l.Label = s.Value
	}
	switch c.Rule.Ruleset {
	case "rules_img":
		return known && ref.Attr == "layers" // tars are layers in both
	case "rules_oci":
		if !known || ref.Attr != "base" || !c.Alone {
			return false
		}
	case "rules_docker":
		if !slices.Contains([]string{"base", "images", "image"}, ref.Attr) || !c.Alone {
			return false
		}
		text, _ := pattern.Of(ref.Value)
		switch {
		case strings.HasSuffix(text, ".tar"):
		case known && len(makers) == 1 && slices.Contains(extensions, makers[0].Kind()):
			l.Label = model.Explicit(l.Label) + ".tar"
		case literal && outputs.IsUndeclared(p.w, c.File.Label(s.Value)):
			return false
		default:
			l.Through = true
		}
	}
	p.Boundary.AddUnknown(l)
	return true
}

// extensions are rules of third parties with the outputs of container_image.
var extensions = []string{"rpm_image"}

// makers returns the calls that may declare a target. It reports false if one of them may be a macro of the workspace,
// which may use a rule that is translated, or if the workspace does not show any.
func (p *Plan) makers(key string) (all []*model.Call, known bool) {
	pkg, name := model.Split(key)
	for _, f := range p.w.Package(pkg) {
		for _, c := range f.Calls {
			a := c.Attr("name")
			if a == nil || c.Rule != nil {
				continue
			}
			text, ok := pattern.Of(a.Value)
			if !ok || !pattern.Overlap(pattern.Glob(text), name) {
				continue
			}
			if f.IsMacro(c.Kind()) {
				return nil, false
			}
			all = append(all, c)
		}
	}
	return all, len(all) > 0 || outputs.IsSource(p.w, key)
}

// isMissing reports whether a label names nothing, so that its users fail in both rulesets: its package has no such file, and all
// names in it are known to be others.
func (p *Plan) isMissing(key string) bool {
	pkg, name := model.Split(key)
	if !strings.HasPrefix(key, "//") || !outputs.IsUndeclared(p.w, key) {
		return false
	}
	if _, err := os.Lstat(p.w.Path(key)); !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	for _, f := range p.w.Package(pkg) {
		for _, c := range f.Calls {
			a := c.Attr("name")
			if a == nil {
				continue
			}
			text, known := pattern.Of(a.Value)
			names := []string{pattern.Glob(text)}
			if !known {
				names = nil
			}
			if loop, ok := a.Value.(*build.Ident); ok {
				names = flow.ListedNames(f, loop.Name)
			}
			if len(names) == 0 || slices.ContainsFunc(names, func(text string) bool { return pattern.Overlap(text, name) }) {
				return false
			}
		}
	}
	return true
}
