package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// Adapters are targets of another ruleset at the boundary: one that gives rules outside of the rulesets what they expect of a
// translated target, or one that makes an archive of a target that only the other ruleset can read.

// adapter returns the rule of the other ruleset that gives its users what a target gave them before the translation, or an
// empty string. Each of these rules reads the file that the translated target has.
func (c *call) adapter() string {
	switch {
	case c.rule.ruleset == "rules_docker" && c.rule.role == image:
		return "container_image"
	case c.rule.ruleset == "rules_docker" && c.rule.role == layer:
		return "container_layer"
	case c.rule.ruleset == "rules_img" && c.rule.role == layer && c.rule.to == "image_layer":
		return "layer_from_tar"
	}
	return ""
}

// adapt writes the adapter for the users of a translated target, and returns its name. archive is the name of an archive of an
// image.
func (c *call) adapt(archive string) string {
	kind := c.adapter()
	name := c.freeName(adapterSuffix[c.rule.ruleset])
	own := []setting{{"visibility", c.sourceOf("visibility")}}
	switch label := c.ref(c.file.source(c.attr("name").value)); kind {
	case "container_image":
		own = append(own, setting{"base", c.ref(archive)})
	case "container_layer":
		own = append(own, setting{"tars", "[" + label + "]"})
	default:
		own = append(own, setting{"src", label})
	}
	c.generate(kind, name, own)
	c.note("%s is for rules that need %s; remove it with the last of them", name, c.rule.ruleset)
	return name
}

var adapterSuffix = map[string]string{"rules_docker": "_docker", "rules_img": "_img"}

// adapterModules has the files to load adapters from, if no file of the workspace loads them.
var adapterModules = map[string]string{
	"container_image": "@io_bazel_rules_docker//container:container.bzl",
	"container_layer": "@io_bazel_rules_docker//container:container.bzl",
	"layer_from_tar":  "@rules_img//img:layer.bzl",
}

// adapterModule returns the file that the workspace loads a rule of another ruleset from, and the name that a file has for it.
func (f *file) adapterModule(symbol string) (module, local string) {
	if module = adapterModules[symbol]; module == "" {
		return "", ""
	}
	for _, other := range append([]*file{f}, f.workspace.files...) {
		for _, load := range other.loads {
			for i, from := range load.From {
				if r := other.rules[load.To[i].Name]; r == nil || !r.is(symbol) {
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

// findAdapters makes the adapters of an earlier run calls that are not translated.
func (w *workspace) findAdapters() {
	files := map[string]string{} // the kinds of our targets with files that adapters read
	archives := map[string]bool{}
	for _, f := range w.files {
		for _, c := range f.calls {
			switch c.kind() {
			case "image_archive", "image_layer":
				if key, ok := c.target(); ok && c.rule == nil {
					files[key] = c.kind()
				}
			case "image_import":
				if src := c.attr("src"); src != nil {
					if key, ok := c.key(src.value); ok {
						archives[key] = true
					}
				}
			}
		}
	}
	for _, f := range w.files {
		for _, c := range f.calls {
			if c.rule != nil && c.isAdapter(files, archives) {
				c.rule = nil
			}
		}
	}
}

// adapterAttributes are those that an adapter can have beside its source.
var adapterAttributes = []string{"name", "visibility", "tags", "testonly", "target_compatible_with"}

func (c *call) isAdapter(files map[string]string, archives map[string]bool) bool {
	from := map[string]struct{ attr, kind string }{
		"container_image": {"base", "image_archive"}, "container_layer": {"tars", "image_layer"}, "layer_from_tar": {"src", "image_layer"},
	}[c.rule.name]
	source := c.attr(from.attr)
	if source == nil || slices.ContainsFunc(c.attrs, func(a attr) bool { return a.name != from.attr && !slices.Contains(adapterAttributes, a.name) }) {
		return false
	}
	value := source.value
	if list, ok := value.(*build.ListExpr); ok && len(list.List) == 1 {
		value = list.List[0]
	}
	key, ok := c.key(value)
	if ok && files[key] == from.kind {
		return true
	}
	// One that makes an archive of a target which rules_docker alone can read.
	name, named := c.target()
	return named && c.rule.is("container_image") && archives[name+".tar"]
}

// pullUse is the use of an image in a repository by a call that is not translated.
type pullUse struct {
	target *call
	use
	files string // the label without what rules_docker and rules_oci add to it
}

// usePull returns the use of an image in a repository. It reports false if no target in front of the user can have the image's
// files.
func usePull(target *call, u use) (pullUse, bool) {
	s, literal := u.value.(*build.StringExpr)
	if !literal || u.user == nil || !u.user.alone || u.user.loop != nil || !u.file.isBuild() || !u.file.chosen || u.inside != "" {
		return pullUse{}, false
	}
	label := s.Value
	repository, rest, _ := strings.Cut(label, "//")
	switch target.rule.ruleset {
	case "rules_docker":
		if rest != "image" && rest != "image:image.tar" && rest != "image:image" {
			return pullUse{}, false
		}
		u.archive = rest == "image:image.tar"
	case "rules_oci":
		name, _ := target.text("name")
		platform := strings.TrimPrefix(strings.TrimLeft(repository, "@"), name)
		if rest != "" && rest != ":"+name || platform != "" && rest != "" {
			return pullUse{}, false
		}
		if platform != "" {
			repository = "@" + name + "//:" + strings.TrimPrefix(platform, "_")
		}
	default:
		return pullUse{}, false
	}
	return pullUse{target, u, repository}, true
}

// provide writes the targets that give a call the files of an image in a repository.
func (u pullUse) provide() {
	c, files := u.user, u.files
	archive := c.shared("image_archive", files, "_archive", []setting{{"image", fmt.Sprintf("%q", files)}})
	text := archive
	switch {
	case u.target.rule.ruleset == "rules_oci":
		text = c.shared("filegroup", files, "_layout", []setting{{"output_group", `"oci_layout"`}, {"srcs", "[" + archive + "]"}})
	case !u.archive:
		text = c.shared("container_image", files, "_docker", []setting{{"base", archive}})
	}
	u.file.edits.Replace(u.value, text)
}

// archiveOf returns the archive of a target that only rules_docker can read: a container_image on top of it has one.
func (c *call) archiveOf(target, label string) string {
	name := c.shared("container_image", label, "_source", []setting{{"base", target}})
	if name[len(name)-1] == '"' {
		return name[:len(name)-1] + `.tar"`
	}
	return name + ` + ".tar"`
}
