package docker

import (
	"fmt"
	"path"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/attr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/layers"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/edit"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/format"
)

// layerAttributes are the attributes of container_image and container_layer that make a layer. makeLayer reads them.
var layerAttributes = map[string]model.Action{
	"files": attr.Later, "directory": attr.Later, "tars": attr.Later, "debs": attr.Later, "symlinks": attr.Later, "empty_dirs": attr.Later, "empty_files": attr.Later, "mode": attr.Later,
}

// packing are their attributes that say how to pack it.
var packing = map[string]model.Action{
	"compression":                 attr.Drop("compression and its level are those of the build, or of image_layer"),
	"compression_options":         attr.Drop("compression and its level are those of the build, or of image_layer"),
	"experimental_tarball_format": attr.Drop(""),
	"enable_mtime_preservation":   attr.Always("False", "files have a fixed time"),
	"portable_mtime":              attr.Drop("files have a fixed time, 1970-01-01"),
	"data_path":                   attr.Refuse("data-path", "files keep directories below data_path", "write files = {PATH: LABEL} of an image_layer"),
}

// makeLayer puts the files of a container_image into a layer on top of its layers, and those of a container_layer into
// the layer itself.
func makeLayer(c *model.Call, _ *model.Attr) {
	own := model.Settings{}
	directory := "/"
	if a := c.Attr("directory"); a != nil {
		s, ok := a.Value.(*build.StringExpr)
		if !ok {
			c.Refuse("directory", "not-literal", "the directory is not a literal", "write the path")
			return
		}
		directory = path.Join("/", s.Value)
	}
	paths, ok := layers.Flattened(c, "files", directory)
	if !ok {
		return
	}
	var tops []string
	if len(paths) > 0 {
		mode := "0555"
		if s, ok := c.Text("mode"); ok {
			mode = s
		} else if c.Attr("mode") != nil {
			c.Refuse("mode", "not-literal", "the mode is not a literal", "write the mode")
			return
		}
		// A mode of all files of a label would apply to the entries of archives, too.
		if at := strings.TrimSuffix(directory, "/") + "/"; paths[at] != "" && !layers.OnlyFiles(c) {
			name := c.FreeName("_files")
			folder := map[string]string{at: paths[at]}
			c.Generate("image_layer", name, model.Settings{"files": format.Dict(folder), "modes": layers.Modes(folder, mode)})
			tops = append(tops, c.Ref(name))
			delete(paths, at)
		}
		if len(paths) > 0 {
			own["files"] = format.Dict(paths)
			own["modes"] = layers.Modes(paths, mode)
		}
	}
	for _, name := range []string{"tars", "debs", "symlinks", "empty_dirs", "empty_files"} {
		a := c.Attr(name)
		if a == nil {
			continue
		}
		if name == "debs" && directory != "/" {
			c.Refuse("directory", "moved-debs", "directory applies to the packages", "use an image_layer with the tars in the packages")
			return
		}
		if name == "tars" && directory != "/" {
			own["package_dir"] = fmt.Sprintf("%q", directory)
			if own["files"] != "" {
				own["files"] = format.Dict(relative(paths, directory))
			}
		}
		to := name
		if name == "empty_dirs" {
			to = "dirs"
		}
		own[to] = c.File.Source(a.Value)
	}
	if c.Rule.Role == model.Layer {
		layers.Rewrite(c, layerNames, own)
		return
	}
	layers.Rewrite(c, layerNames, nil)
	if c.Attr("base") == nil {
		for _, fixed := range [][3]string{{"operating_system", "os", "linux"}, {"architecture", "architecture", "amd64"}} {
			if c.Attr(fixed[0]) == nil {
				c.AddText(fixed[1], fmt.Sprintf("%q", fixed[2]))
			}
		}
	}
	if len(own) > 0 {
		name := c.FreeName("_layer")
		c.Generate("image_layer", name, own)
		tops = append([]string{c.Ref(name)}, tops...)
	}
	if len(tops) == 0 {
		return
	}
	top := "[" + strings.Join(tops, ", ") + "]"
	if a := c.Attr("layers"); a != nil {
		_, end := edit.Span(a.Value)
		c.Edits.Insert(end, " + "+top)
		return
	}
	c.AddText("layers", top)
}

// relative returns paths without the directory that they are in.
func relative(paths map[string]string, directory string) map[string]string {
	all := map[string]string{}
	for at, label := range paths {
		all[strings.TrimPrefix(at, directory+"/")] = label
	}
	return all
}

// layerNames has our names of the attributes in layerAttributes.
var layerNames = map[string]string{
	"directory": "",
	"files":     "files", "mode": "modes", "tars": "tars", "debs": "debs", "symlinks": "symlinks", "empty_dirs": "dirs", "empty_files": "empty_files",
}
