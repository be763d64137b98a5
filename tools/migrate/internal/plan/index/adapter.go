package index

import (
	"slices"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
)

// findAdapters makes the adapters of an earlier run calls that are not translated.
func findAdapters(w *model.Workspace) {
	files := map[string]string{} // the kinds of our targets with files that adapters read
	archives := map[string]bool{}
	for _, f := range w.Files {
		for _, c := range f.Calls {
			switch c.Kind() {
			case "image_archive", "image_layer":
				if key, ok := c.Target(); ok && c.Rule == nil {
					files[key] = c.Kind()
				}
			case "image_import":
				if src := c.Attr("src"); src != nil {
					if key, ok := c.Key(src.Value); ok {
						archives[key] = true
					}
				}
			}
		}
	}
	for _, f := range w.Files {
		for _, c := range f.Calls {
			if c.Rule != nil && isAdapter(c, files, archives) {
				c.Rule = nil
			}
		}
	}
}

func isAdapter(c *model.Call, files map[string]string, archives map[string]bool) bool {
	from := map[string]struct{ attr, kind string }{
		"container_image": {"base", "image_archive"}, "container_layer": {"tars", "image_layer"}, "layer_from_tar": {"src", "image_layer"},
	}[c.Rule.Name]
	source := c.Attr(from.attr)
	if source == nil || slices.ContainsFunc(c.Attrs, func(a model.Attr) bool { return a.Name != from.attr && !slices.Contains(adapterAttributes, a.Name) }) {
		return false
	}
	value := source.Value
	if list, ok := value.(*build.ListExpr); ok && len(list.List) == 1 {
		value = list.List[0]
	}
	key, ok := c.Key(value)
	if ok && files[key] == from.kind {
		return true
	}
	// One that makes an archive of a target which rules_docker alone can read.
	name, named := c.Target()
	return named && c.Rule.Is("container_image") && archives[name+".tar"]
}

// adapterAttributes are those that an adapter can have beside its source.
var adapterAttributes = []string{"name", "visibility", "tags", "testonly", "target_compatible_with"}
