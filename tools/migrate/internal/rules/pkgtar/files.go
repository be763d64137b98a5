package pkgtar

import (
	"path"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/layers"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// files returns path -> label for srcs and files.
func files(c *model.Call, dir string) (map[string]string, bool) {
	prefix, stripped := c.Text("strip_prefix")
	if c.Attr("strip_prefix") != nil && (!stripped || prefix != ".") && c.Attr("srcs") != nil {
		c.Refuse("strip_prefix", "strip-prefix", `only "." is translated`, "write files = {PATH: LABEL} of an image_layer")
		return nil, false
	}
	if stripped && c.Attr("srcs") != nil {
		for _, value := range expr.Strings(c.Attr("srcs").Value) {
			if strings.Contains(value, "/") {
				c.Refuse("strip_prefix", "strip-prefix", "files in subdirectories keep their paths", "write files = {PATH: LABEL} of an image_layer")
				return nil, false
			}
		}
	}
	paths, ok := layers.Flattened(c, "srcs", dir)
	if !ok {
		return nil, false
	}
	if paths == nil {
		paths = map[string]string{}
	}
	a := c.Attr("files")
	if a == nil {
		return paths, true
	}
	entries, plain := a.Value.(*build.DictExpr)
	if !plain {
		c.Refuse("files", "not-literal", "the files are not a dictionary", "write files = {PATH: LABEL} of an image_layer")
		return nil, false
	}
	for _, entry := range entries.List {
		from, a := entry.Key.(*build.StringExpr)
		to, b := entry.Value.(*build.StringExpr)
		if !a || !b {
			c.Refuse("files", "not-literal", "a label or a path is not a literal", "write files = {PATH: LABEL} of an image_layer")
			return nil, false
		}
		at := path.Join(dir, to.Value)
		if _, twice := paths[at]; twice {
			c.Refuse("files", "duplicate", "two files have the path "+at, "rename one of them")
			return nil, false
		}
		paths[at] = from.Value
	}
	return paths, true
}
