package loads

import (
	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
)

// Adapters has the files to load adapters from, if no file of the workspace loads them.
var Adapters = map[string]string{
	"container_image": "@io_bazel_rules_docker//container:container.bzl",
	"container_layer": "@io_bazel_rules_docker//container:container.bzl",
	"layer_from_tar":  "@rules_img//img:layer.bzl",
}

// Adapter returns the file that the workspace loads a rule of another ruleset from, and the name that a file has for it.
func Adapter(f *model.File, symbol string) (module, local string) {
	if module = Adapters[symbol]; module == "" {
		return "", ""
	}
	for _, other := range append([]*model.File{f}, f.Workspace.Files...) {
		for _, load := range other.Loads {
			for i, from := range load.From {
				if r := other.Rules[load.To[i].Name]; r == nil || !r.Is(symbol) {
					continue
				}
				if other == f {
					return load.Module.Value, load.To[i].Name
				}
				if from.Name == symbol {
					return load.Module.Value, ""
				}
			}
		}
	}
	return module, ""
}
