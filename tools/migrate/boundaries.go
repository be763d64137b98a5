package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// link is the use of a target by a call that does not have to be translated together with it. If only one of the two is
// translated, a target between them has the image's files in the form that the other side reads.
type link struct {
	user, target *call
	attr         string
	value        build.Expr
}

// boundary is where calls that are translated and others use each other.
type boundary struct {
	w *workspace
	// links and unknown are uses that do not make a chain.
	links   []link
	unknown []unknownLink
	// listedUses are labels in expressions of .bzl files.
	listedUses []listedUse
	pullUses   []pullUse
	// files has the uses of a target's files by rules that are not translated.
	files map[*call][]use
}

func newBoundary(w *workspace) *boundary { return &boundary{w: w, files: map[*call][]use{}} }

// addUnknown notes that a call reads the files of a target that no ruleset knows.
func (b *boundary) addUnknown(l unknownLink) { b.unknown = append(b.unknown, l) }

// addListed notes the label of an image in an expression of a .bzl file.
func (b *boundary) addListed(target *call, u use) {
	b.listedUses = append(b.listedUses, listedUse{target, u})
}

// addPull notes the use of an image in a repository by a call that is not translated. It reports false if no target in front
// of the user can have the image's files.
func (b *boundary) addPull(target *call, u use) bool {
	p, ok := usePull(target, u)
	if ok {
		b.pullUses = append(b.pullUses, p)
	}
	return ok
}

// need notes that a rule which is not translated uses the files of a target.
func (b *boundary) need(target *call, u use) { b.files[target] = append(b.files[target], u) }

// isNeeded reports whether a rule that is not translated uses the files of a target.
func (b *boundary) isNeeded(target *call) bool { return len(b.files[target]) > 0 }

func (l link) use() use { return use{file: l.user.file, user: l.user, attr: l.attr, value: l.value} }

// bridged are the attributes that can name a target of the other side.
var bridged = []string{"base", "images", "image", "manifests", "layers"}

// link notes the use of a target by a call. It reports false if both belong to one chain: only a literal label can be
// replaced, and a macro's own targets stay together.
func (b *boundary) link(c, target *call, attr string, value build.Expr) bool {
	s, literal := value.(*build.StringExpr)
	if !literal || !slices.Contains(bridged, attr) || len(b.w.aliases[c.file.label(s.Value)]) > 0 {
		return false
	}
	if target.rule.role != pull && (!target.file.isBuild() || target.scope != nil) {
		return false
	}
	b.links = append(b.links, link{c, target, attr, value})
	return true
}

// archived returns the image of rules_docker that an archive, NAME.tar, is of. Translated images are used themselves.
func (p *plan) archived(c *call, ref *reference) *call {
	s, literal := ref.value.(*build.StringExpr)
	if !literal || c.rule.ruleset != "rules_docker" || !slices.Contains(bridged, ref.attr) || p.w.targets[ref.key] != nil {
		return nil
	}
	name, tar := strings.CutSuffix(ref.key, ".tar")
	target := p.w.targets[name]
	if !tar || target == nil || target.rule.role != image || target.rule.ruleset != "rules_docker" {
		return nil
	}
	c.replace(ref.value, fmt.Sprintf("%q", strings.TrimSuffix(s.Value, ".tar")))
	return target
}

// unwrap replaces the label of an image's files by that of the image, if an earlier run of the program wrote them for a call
// that stayed then.
func (p *plan) unwrap(c *call, ref *reference) bool {
	files := p.w.declared[ref.key]
	if files != nil && len(files.strings("base")) == 1 { // an adapter
		files = p.w.declared[files.file.label(files.strings("base")[0])]
	}
	if files != nil && files.kind() == "filegroup" && onlyStrings(files.attr("srcs")) && len(files.strings("srcs")) == 1 {
		if group, _ := files.text("output_group"); group == "oci_layout" {
			files = p.w.declared[files.file.label(files.strings("srcs")[0])]
		}
	}
	if files == nil || files.kind() != "image_archive" {
		return false
	}
	image, literal := files.text("image")
	if !literal {
		return false
	}
	if files.file != c.file {
		image = files.file.label(image)
	}
	c.replace(ref.value, fmt.Sprintf("%q", image))
	return true
}

// grouped returns the image whose layout a filegroup selects, and its label.
func (p *plan) grouped(key string) (*call, string) {
	files := p.w.declared[key]
	if files == nil || !files.isFilegroup() || !onlyStrings(files.attr("srcs")) || len(files.strings("srcs")) != 1 {
		return nil, ""
	}
	label := files.strings("srcs")[0]
	target := p.w.targets[files.file.label(label)]
	if group, _ := files.text("output_group"); group != "oci_layout" || target == nil || target.rule.role != image {
		return nil, ""
	}
	return target, label
}

// spread blocks the calls whose links cross the boundary to calls that stay, and cannot be bridged. It reports whether there
// are new ones.
func (b *boundary) spread() bool {
	found := false
	for _, l := range b.links {
		user, target := len(l.user.problems) > 0, len(l.target.problems) > 0
		switch {
		case !user && target && !l.readable():
			l.user.belongs(l.target)
			found = true
		case user && !target && !l.providable():
			l.target.belongs(l.user)
			found = true
		}
	}
	return found
}

// listedUse is the label of an image in an expression of a .bzl file. No translated call can get it, and those that do read an
// image layout.
type listedUse struct {
	target *call
	use
}

// belongs makes a call stay because another one does.
func (c *call) belongs(cause *call) {
	c.cause = cause
	c.refuse("", "chain", fmt.Sprintf("it belongs together with %s in %s, which is not translated", cause.kind(), cause.where()), "solve that first")
}

func (c *call) hasProblem(code string) bool {
	return slices.ContainsFunc(c.problems, func(p problem) bool { return p.code == code })
}

// readable reports whether a translated user can read a target that stays.
func (l link) readable() bool {
	if l.target.hasProblem("not-chosen") || l.attr == "image" {
		return false
	}
	_, ok := l.files()
	return ok && (l.user.alone || l.direct())
}

// direct reports whether the files of a target that stays can be used without a target in between.
func (l link) direct() bool {
	return l.target != nil && (l.target.rule.is("container_layer") || l.target.copyable())
}

// files returns the label of the files of a target that stays.
func (l link) files() (string, bool) {
	label := l.value.(*build.StringExpr).Value
	switch r := l.target.rule; {
	case r.role == pull && l.target.copyable():
		return label, true // another repository
	case r.is("oci_image", "oci_pull"):
		return label, true
	case r.ruleset == "rules_docker" && r.role == pull:
		return label + ":image.tar", strings.HasSuffix(label, "//image")
	case r.ruleset == "rules_docker" && r.role == image && !r.is("container_load"):
		return strings.TrimSuffix(explicit(label), ".tar") + ".tar", true
	case r.is("container_layer"):
		return explicit(label) + "-layer.tar", l.target.attr("env") == nil
	case r.is("image_manifest", "image_layer", "layer_from_tar"):
		return label, true // an output group
	}
	return "", false
}

// explicit returns a label with the name of its target.
func explicit(label string) string {
	if strings.HasPrefix(strings.TrimLeft(label, "@"), "//") && !strings.Contains(label, ":") {
		return label + ":" + path.Base(label)
	}
	return label
}

// providable reports whether a user that stays can read a translated target: rules_oci reads image layouts, rules_docker
// archives of docker save.
func (l link) providable() bool {
	if l.target.rule.role == layer && l.user.rule.ruleset == "rules_img" && l.attr == "layers" {
		// The file is a tar, but has no annotations.
		return l.target.rule.to == "image_layer" && l.target.attr("annotations") == nil && l.target.attr("media_type") == nil
	}
	if _, ok := usePull(l.target, l.use()); l.target.rule.role == pull && l.target.rule.ruleset == l.user.rule.ruleset {
		return ok
	}
	if l.target.rule.role == layer && l.target.adapter() == "container_layer" {
		return l.target.alone && l.target.loop == nil && l.target.file.chosen && l.user.file.chosen
	}
	return l.target.rule.role == image && l.target.alone && l.target.loop == nil && l.target.file.chosen && l.user.file.chosen &&
		(l.user.rule.ruleset == "rules_oci" || l.user.rule.ruleset == "rules_docker")
}

// bridge writes the targets at the boundaries.
func (b *boundary) bridge() {
	for _, l := range b.links {
		switch user, target := l.user.translated(), l.target.translated(); {
		case user && !target:
			files, _ := l.files()
			b.readLink(l, files, quoted(files))
		case !user && target && l.target.rule.role == image:
			u := l.use()
			u.archive = l.user.rule.ruleset == "rules_docker"
			b.need(l.target, u)
		case !user && target && l.target.rule.role == pull:
			if u, ok := usePull(l.target, l.use()); ok {
				u.archive = l.user.rule.ruleset == "rules_docker"
				b.pullUses = append(b.pullUses, u)
			}
		case !user && target && l.target.adapter() == "container_layer":
			u := l.use()
			u.adapted = true
			b.need(l.target, u)
		}
	}
	for _, l := range b.listedUses {
		if l.target.translated() {
			b.need(l.target, l.use)
		}
	}
	for _, l := range b.unknown {
		if !l.user.translated() {
			continue
		}
		src := l.user.file.source(l.value)
		if l.label != "" {
			src = quoted(l.label)
		}
		if l.through {
			src = l.user.archiveOf(src, l.label)
			l.label = strings.Trim(src, `"`)
		}
		b.readLink(l.link, l.label, src)
	}
	for _, u := range b.pullUses {
		if u.target.translated() {
			u.provide()
		}
	}
}

// readLink makes a translated call read the files of a target that stays: those of a label, with src as its text.
func (b *boundary) readLink(l link, label, src string) {
	c := l.user
	if l.direct() {
		if l.target.copyable() {
			src = fmt.Sprintf("%q", "@"+l.target.copy())
		}
	} else {
		src = b.readFrom(l, label, src)
	}
	c.edits = c.edits.Without(l.value)
	c.replace(l.value, src)
	b.w.sources[l.value] = src
}

// readFrom returns the target that has the files of another, in front of the call.
func (b *boundary) readFrom(l link, label, src string) string {
	c := l.user
	if l.target != nil && l.target.rule.ruleset == "rules_img" {
		group := "oci_layout"
		if l.target.rule.role == layer {
			group = "layer"
		}
		src = c.shared("filegroup", label, "_"+group, []setting{{"srcs", "[" + src + "]"}, {"output_group", fmt.Sprintf("%q", group)}})
		if group == "layer" {
			return src
		}
	}
	c.note("%s is read by an image_import, because the other ruleset still makes it", c.file.source(l.value))
	return c.shared("image_import", label, "_import", []setting{{"src", src}})
}

// shared returns the label of a new target that has a file's name and can be used by several calls, unless the file is computed.
func (c *call) shared(kind, files, suffix string, settings []setting) string {
	if c.scope != nil || c.loop != nil || files == "" {
		name := c.freeName(suffix)
		c.generate(kind, name, settings)
		return c.ref(name)
	}
	key := kind + files
	for _, name := range []string{"tags", "target_compatible_with", "testonly"} {
		key += "\x00" + c.sourceOf(name)
	}
	if c.file.shared[key] == "" {
		base := strings.TrimSuffix(strings.TrimSuffix(explicit(files), ":image.tar"), ".tar")
		base = strings.TrimSuffix(base, "//image")
		base = strings.TrimLeft(base[strings.LastIndexAny(base, ":/")+1:], "@")
		probe := &call{file: c.file, attrs: []attr{{name: "name", value: &build.StringExpr{Value: base}}}}
		name := probe.freeName(suffix)
		c.generate(kind, name, settings)
		c.file.shared[key] = c.ref(name)
	}
	return c.file.shared[key]
}
