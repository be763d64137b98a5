package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// pkgTar is rules_pkg's rule. Its targets become layers if only images use them. pkgLayer reads most attributes.
var pkgTar = &rule{
	role: archive, to: "image_layer", finish: pkgLayer,
	attrs: map[string]action{
		"srcs": later, "files": later, "package_dir": later, "mode": later, "modes": later, "owner": later, "owners": later,
		"ownername": later, "symlinks": later, "empty_dirs": later, "empty_files": later, "strip_prefix": later, "mtime": later,
		"deps":             keep("tars"),
		"extension":        drop(""),
		"compressor":       drop("compression and its level are those of the build, or of image_layer"),
		"compressor_args":  drop(""),
		"build_tar":        drop(""),
		"portable_mtime":   drop(""),
		"include_runfiles": drop("the runfiles of programs are always added"),
		"allow_duplicates_with_different_content": drop("different files at one path are an error"),
	},
}

// pkgLayer translates a pkg_tar. Attributes with paths are relative to the root of the image here, so package_dir must be
// known for them.
func pkgLayer(c *call, _ *attr) {
	dir := "/"
	if a := c.attr("package_dir"); a != nil {
		s, ok := a.value.(*build.StringExpr)
		if !ok {
			c.refuse("package_dir", "not-literal", "the directory is not a literal", "write the path")
			return
		}
		dir = path.Join("/", s.Value)
	}
	if c.attr("package_dir_file") != nil {
		return
	}
	paths, ok := c.pkgFiles(dir)
	if !ok {
		return
	}
	var own []setting
	if len(paths) > 0 {
		own = append(own, setting{"files", dict(paths)})
		mode, ok := "0555", true
		if c.attr("mode") != nil {
			mode, ok = c.text("mode")
		}
		if !ok {
			c.refuse("mode", "not-literal", "the mode is not a literal", "write the mode")
			return
		}
		own = append(own, setting{"modes", modes(paths, mode)})
	}
	own = c.pkgOwners(own, dir)
	own = c.pkgEntries(own, dir)
	if a := c.attr("mtime"); a != nil {
		own = append(own, setting{"mtime", fmt.Sprintf("%q", c.file.source(a.value))})
		if _, ok := a.value.(*build.LiteralExpr); !ok {
			c.refuse("mtime", "not-literal", "the time is not a number", "write the time")
		}
	}
	slices.SortStableFunc(own, func(a, b setting) int { return strings.Compare(a.name, b.name) })
	rewriteLayer(c, pkgNames, own)
}

// pkgFiles returns path -> label for srcs and files.
func (c *call) pkgFiles(dir string) (map[string]string, bool) {
	prefix, stripped := c.text("strip_prefix")
	if c.attr("strip_prefix") != nil && (!stripped || prefix != ".") && c.attr("srcs") != nil {
		c.refuse("strip_prefix", "strip-prefix", `only "." is translated`, "write files = {PATH: LABEL} of an image_layer")
		return nil, false
	}
	if stripped && c.attr("srcs") != nil {
		for _, value := range allStrings(c.attr("srcs").value) {
			if strings.Contains(value, "/") {
				c.refuse("strip_prefix", "strip-prefix", "files in subdirectories keep their paths", "write files = {PATH: LABEL} of an image_layer")
				return nil, false
			}
		}
	}
	paths, ok := c.flattened("srcs", dir)
	if !ok {
		return nil, false
	}
	if paths == nil {
		paths = map[string]string{}
	}
	a := c.attr("files")
	if a == nil {
		return paths, true
	}
	entries, plain := a.value.(*build.DictExpr)
	if !plain {
		c.refuse("files", "not-literal", "the files are not a dictionary", "write files = {PATH: LABEL} of an image_layer")
		return nil, false
	}
	for _, entry := range entries.List {
		from, a := entry.Key.(*build.StringExpr)
		to, b := entry.Value.(*build.StringExpr)
		if !a || !b {
			c.refuse("files", "not-literal", "a label or a path is not a literal", "write files = {PATH: LABEL} of an image_layer")
			return nil, false
		}
		at := path.Join(dir, to.Value)
		if _, twice := paths[at]; twice {
			c.refuse("files", "duplicate", "two files have the path "+at, "rename one of them")
			return nil, false
		}
		paths[at] = from.Value
	}
	return paths, true
}

func allStrings(x build.Expr) []string {
	var all []string
	build.Walk(x, func(x build.Expr, _ []build.Expr) {
		if s, ok := x.(*build.StringExpr); ok {
			all = append(all, s.Value)
		}
	})
	return all
}

// pkgOwners translates owner, ownername, owners and modes.
func (c *call) pkgOwners(own []setting, dir string) []setting {
	for _, names := range [][2]string{{"owner", "owners"}, {"ownername", "owner_names"}} {
		a := c.attr(names[0])
		if a == nil {
			continue
		}
		s, literal := c.text(names[0])
		user, group, pair := strings.Cut(s, ".")
		switch {
		case !literal || !pair || strings.Contains(group, "."):
			c.refuse(names[0], "not-literal", "the owner is not a literal like 1000.1000", "write the owner")
		case c.attr("deps") != nil:
			c.refuse(names[0], "owner-of-deps", "entries of archives keep their owners there, and would lose them here", "split the target")
		default:
			own = append(own, setting{names[1], dict(map[string]string{"**": user + ":" + group})})
		}
	}
	for _, name := range []string{"modes", "owners"} {
		if c.attr(name) != nil {
			c.refuse(name, "path-keys", "the keys are paths in the archive", "write "+name+" of an image_layer, with paths in the image")
		}
	}
	return own
}

// pkgEntries translates attributes that create entries, whose paths are relative to package_dir.
func (c *call) pkgEntries(own []setting, dir string) []setting {
	if a := c.attr("symlinks"); a != nil {
		links := map[string]string{}
		entries, ok := a.value.(*build.DictExpr)
		for i := 0; ok && i < len(entries.List); i++ {
			from, a := entries.List[i].Key.(*build.StringExpr)
			to, b := entries.List[i].Value.(*build.StringExpr)
			if ok = a && b; ok {
				links[path.Join(dir, from.Value)] = to.Value
			}
		}
		if !ok {
			c.refuse("symlinks", "not-literal", "the symlinks are not literals", "write them")
		}
		own = append(own, setting{"symlinks", dict(links)})
	}
	for from, to := range map[string]string{"empty_dirs": "dirs", "empty_files": "empty_files"} {
		a := c.attr(from)
		if a == nil {
			continue
		}
		list, ok := a.value.(*build.ListExpr)
		var names []string
		for i := 0; ok && i < len(list.List); i++ {
			var s *build.StringExpr
			if s, ok = list.List[i].(*build.StringExpr); ok {
				names = append(names, fmt.Sprintf("%q", path.Join(dir, s.Value)))
			}
		}
		if !ok {
			c.refuse(from, "not-literal", "the paths are not literals", "write them")
		}
		own = append(own, setting{to, "[" + strings.Join(names, ", ") + "]"})
	}
	return own
}

// pkgNames has our names of the attributes that describe the layer.
var pkgNames = map[string]string{
	"srcs": "files", "files": "files", "mode": "modes", "owner": "owners", "ownername": "owner_names", "package_dir": "", "strip_prefix": "",
	"symlinks": "symlinks", "empty_dirs": "dirs", "empty_files": "empty_files", "mtime": "mtime",
}
