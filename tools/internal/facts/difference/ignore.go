package difference

import (
	"fmt"
	"slices"
	"strings"
)

// ignored has what a comparison may ignore: the keys of details of files, or nil for a part of the report.
var ignored = map[string][]string{
	"annotations": nil,
	"config":      nil,
	"layers":      nil,
	"mode":        {"mode"},
	"mtime":       {"time"},
	"owner":       {"owner"},
	"xattrs":      {"xattr "},
}

// Ignorable lists the names that [Report.Without] knows.
var Ignorable = []string{"annotations", "config", "layers", "mode", "mtime", "owner", "xattrs"}

// Without returns the report without some differences. With any name, the digests of the manifests are ignored, too, because
// they depend on everything; without metadata of files, so are the layers.
func (r Report) Without(names ...string) (Report, error) {
	var keys []string
	for _, name := range names {
		more, ok := ignored[name]
		if !ok {
			return r, fmt.Errorf("%q: expected one of %s", name, strings.Join(Ignorable, ", "))
		}
		keys = append(keys, more...)
		switch {
		case name == "annotations":
			r.Annotations = nil
		case name == "config":
			r.Config = nil
		default:
			r.Layers = nil
		}
		r.Manifest = nil
	}
	isIgnored := func(c Change) bool {
		return slices.ContainsFunc(keys, func(key string) bool { return c.Key == key || key == "xattr " && strings.HasPrefix(c.Key, key) })
	}
	var files []File
	for _, f := range r.Files {
		if f.Details != nil {
			f.Details = slices.DeleteFunc(slices.Clone(f.Details), isIgnored)
			if len(f.Details) == 0 && f.Change != Moved {
				continue
			}
		}
		files = append(files, f)
	}
	r.Files = files
	return r, nil
}
