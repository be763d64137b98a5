package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// resolveUnknown notes the use of an image or a layer that a rule outside of the rulesets makes, if its files are known: the
// .tar of a rule that extends container_image, the layout that oci_image requires of a base, or the archive of a layer. All
// others that rules_docker accepts have an archive behind a container_image.
func (p *plan) resolveUnknown(c *call, ref *reference) bool {
	s, literal := ref.value.(*build.StringExpr)
	literal = literal && (c.scope == nil || strings.HasPrefix(s.Value, "//"))
	var makers []*call
	known := false
	if literal {
		makers, known = p.makers(c.file.label(s.Value))
	}
	l := unknownLink{link: link{user: c, attr: ref.attr, value: ref.value}}
	if literal {
		l.label = s.Value
	}
	switch c.rule.ruleset {
	case "rules_img":
		return known && ref.attr == "layers" // tars are layers in both
	case "rules_oci":
		if !known || ref.attr != "base" || !c.alone {
			return false
		}
	case "rules_docker":
		if !slices.Contains([]string{"base", "images", "image"}, ref.attr) || !c.alone {
			return false
		}
		text, _ := pattern(ref.value)
		switch {
		case strings.HasSuffix(text, ".tar"):
		case known && len(makers) == 1 && slices.Contains(extensions, makers[0].kind()):
			l.label = explicit(l.label) + ".tar"
		case literal && p.w.isUndeclared(c.file.label(s.Value)):
			return false
		default:
			l.through = true
		}
	}
	p.boundary.addUnknown(l)
	return true
}

// extensions are rules of third parties with the outputs of container_image.
var extensions = []string{"rpm_image"}

// unknownLink is the use of files by a call.
type unknownLink struct {
	link
	label   string // of the files, if it is known
	through bool   // only rules_docker can read the target
}

// makers returns the calls that may declare a target. It reports false if one of them may be a macro of the workspace,
// which may use a rule that is translated, or if the workspace does not show any.
func (p *plan) makers(key string) (all []*call, known bool) {
	pkg, name, _ := strings.Cut(strings.TrimPrefix(key, "//"), ":")
	for _, f := range p.w.files {
		if !f.isBuild() || f.pkg() != pkg {
			continue
		}
		for _, c := range f.calls {
			a := c.attr("name")
			if a == nil || c.rule != nil {
				continue
			}
			text, ok := pattern(a.value)
			if !ok || !overlap(glob(text), name) {
				continue
			}
			if f.isMacro(c.kind()) {
				return nil, false
			}
			all = append(all, c)
		}
	}
	return all, len(all) > 0 || p.w.isSource(key)
}

// isMissing reports whether a label names nothing, so that its users fail in both rulesets: its package has no such file, and all
// names in it are known to be others.
func (p *plan) isMissing(key string) bool {
	pkg, name, _ := strings.Cut(strings.TrimPrefix(key, "//"), ":")
	if !strings.HasPrefix(key, "//") || !p.w.isUndeclared(key) {
		return false
	}
	if _, err := os.Lstat(filepath.Join(p.w.root, filepath.FromSlash(pkg), filepath.FromSlash(name))); !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	for _, f := range p.w.files {
		if !f.isBuild() || f.pkg() != pkg {
			continue
		}
		for _, c := range f.calls {
			a := c.attr("name")
			if a == nil {
				continue
			}
			text, known := pattern(a.value)
			names := []string{glob(text)}
			if !known {
				names = nil
			}
			if loop, ok := a.value.(*build.Ident); ok {
				names = f.listedNames(loop.Name)
			}
			if len(names) == 0 || slices.ContainsFunc(names, func(text string) bool { return overlap(text, name) }) {
				return false
			}
		}
	}
	return true
}

// isMacro reports whether a name may be a function of the workspace.
func (f *file) isMacro(name string) bool {
	if !slices.ContainsFunc(f.loads, func(load *build.LoadStmt) bool {
		return !isExternal(load.Module.Value) && slices.ContainsFunc(load.To, func(to *build.Ident) bool { return to.Name == name })
	}) {
		return false
	}
	_, x := f.definition(name)
	call, ok := x.(*build.CallExpr)
	return !ok || !isNamed(call.X, "rule")
}
