// Package pkgtar translates pkg_tar of rules_pkg.
package pkgtar

import (
	"fmt"
	"path"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/attr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/layers"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/format"
)

// Rule is rules_pkg's rule. Its targets become layers if only images use them. makeLayer reads most attributes.
var Rule = &model.Rule{
	Role: model.Archive, To: "image_layer", Finish: makeLayer,
	Attrs: map[string]model.Action{
		"srcs": attr.Later, "files": attr.Later, "package_dir": attr.Later, "mode": attr.Later, "modes": attr.Later, "owner": attr.Later, "owners": attr.Later,
		"ownername": attr.Later, "symlinks": attr.Later, "empty_dirs": attr.Later, "empty_files": attr.Later, "strip_prefix": attr.Later, "mtime": attr.Later,
		"deps":             attr.Keep("tars"),
		"extension":        attr.Drop(""),
		"compressor":       attr.Drop("compression and its level are those of the build, or of image_layer"),
		"compressor_args":  attr.Drop(""),
		"build_tar":        attr.Drop(""),
		"portable_mtime":   attr.Drop(""),
		"include_runfiles": attr.Drop("the runfiles of programs are always added"),
		"allow_duplicates_with_different_content": attr.Drop("different files at one path are an error"),
	},
}

// makeLayer translates a pkg_tar. Attributes with paths are relative to the root of the image here, so package_dir must be
// known for them.
func makeLayer(c *model.Call, _ *model.Attr) {
	dir := "/"
	if a := c.Attr("package_dir"); a != nil {
		s, ok := a.Value.(*build.StringExpr)
		if !ok {
			c.Refuse("package_dir", "not-literal", "the directory is not a literal", "write the path")
			return
		}
		dir = path.Join("/", s.Value)
	}
	if c.Attr("package_dir_file") != nil {
		return
	}
	paths, ok := files(c, dir)
	if !ok {
		return
	}
	own := model.Settings{}
	if len(paths) > 0 {
		own["files"] = format.Dict(paths)
		mode, ok := "0555", true
		if c.Attr("mode") != nil {
			mode, ok = c.Text("mode")
		}
		if !ok {
			c.Refuse("mode", "not-literal", "the mode is not a literal", "write the mode")
			return
		}
		own["modes"] = layers.Modes(paths, mode)
	}
	owners(c, own)
	entries(c, own, dir)
	if a := c.Attr("mtime"); a != nil {
		own["mtime"] = fmt.Sprintf("%q", c.File.Source(a.Value))
		if _, ok := a.Value.(*build.LiteralExpr); !ok {
			c.Refuse("mtime", "not-literal", "the time is not a number", "write the time")
		}
	}
	layers.Rewrite(c, layerNames, own)
}

// layerNames has our names of the attributes that describe the layer.
var layerNames = map[string]string{
	"srcs": "files", "files": "files", "mode": "modes", "owner": "owners", "ownername": "owner_names", "package_dir": "", "strip_prefix": "",
	"symlinks": "symlinks", "empty_dirs": "dirs", "empty_files": "empty_files", "mtime": "mtime",
}
