package pkgtar

import (
	"fmt"
	"path"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/format"
)

// owners translates owner, ownername, owners and modes.
func owners(c *model.Call, own model.Settings) {
	for _, names := range [][2]string{{"owner", "owners"}, {"ownername", "owner_names"}} {
		a := c.Attr(names[0])
		if a == nil {
			continue
		}
		s, literal := c.Text(names[0])
		user, group, pair := strings.Cut(s, ".")
		switch {
		case !literal || !pair || strings.Contains(group, "."):
			c.Refuse(names[0], "not-literal", "the owner is not a literal like 1000.1000", "write the owner")
		case c.Attr("deps") != nil:
			c.Refuse(names[0], "owner-of-deps", "entries of archives keep their owners there, and would lose them here", "split the target")
		default:
			own[names[1]] = format.Dict(map[string]string{"**": user + ":" + group})
		}
	}
	for _, name := range []string{"modes", "owners"} {
		if c.Attr(name) != nil {
			c.Refuse(name, "path-keys", "the keys are paths in the archive", "write "+name+" of an image_layer, with paths in the image")
		}
	}
}

// entries translates attributes that create entries, whose paths are relative to package_dir.
func entries(c *model.Call, own model.Settings, dir string) {
	if a := c.Attr("symlinks"); a != nil {
		links := map[string]string{}
		entries, ok := a.Value.(*build.DictExpr)
		for i := 0; ok && i < len(entries.List); i++ {
			from, a := entries.List[i].Key.(*build.StringExpr)
			to, b := entries.List[i].Value.(*build.StringExpr)
			if ok = a && b; ok {
				links[path.Join(dir, from.Value)] = to.Value
			}
		}
		if !ok {
			c.Refuse("symlinks", "not-literal", "the symlinks are not literals", "write them")
		}
		own["symlinks"] = format.Dict(links)
	}
	for _, names := range [][2]string{{"empty_dirs", "dirs"}, {"empty_files", "empty_files"}} {
		a := c.Attr(names[0])
		if a == nil {
			continue
		}
		list, ok := a.Value.(*build.ListExpr)
		var paths []string
		for i := 0; ok && i < len(list.List); i++ {
			var s *build.StringExpr
			if s, ok = list.List[i].(*build.StringExpr); ok {
				paths = append(paths, fmt.Sprintf("%q", path.Join(dir, s.Value)))
			}
		}
		if !ok {
			c.Refuse(names[0], "not-literal", "the paths are not literals", "write them")
		}
		own[names[1]] = "[" + strings.Join(paths, ", ") + "]"
	}
}
