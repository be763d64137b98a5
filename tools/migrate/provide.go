package main

import (
	"fmt"
	"path"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/edit"
)

// provideFiles writes targets with the files that other rules use, and makes these rules use them.
func (b *boundary) provideFiles(c *call) {
	if !b.isNeeded(c) {
		return
	}
	if c.rule.role == program {
		archive := c.freeName("_archive")
		own := []setting{{"visibility", c.sourceOf("visibility")}}
		for _, s := range c.settings() {
			if s.name == "image" || strings.HasPrefix(s.name, "repo_tags") {
				own = append(own, s)
			}
		}
		c.generate("image_archive", archive, own)
		for _, u := range b.files[c] {
			c.provide(u, archive)
		}
		return
	}
	made := map[string]string{} // by what they are of
	for _, u := range b.files[c] {
		image, key := c.ref(c.file.source(c.attr("name").value)), u.forwarder
		if u.forwarder != "" {
			image = fmt.Sprintf("%q", u.forwarder)
		}
		if made[key] == "" {
			if c.rule.role != layer {
				made[key] = c.freeName("_archive")
				c.generate("image_archive", made[key], []setting{{"image", image}, {"repo_tags", c.loadedName()}, {"visibility", c.sourceOf("visibility")}})
			}
		}
		if u.adapted {
			archive := made[key]
			if key += " adapter"; made[key] == "" {
				made[key] = c.adapt(archive)
			}
		} else if u.group() == "" && !u.archive {
			archive := made[key]
			if key += " layout"; made[key] == "" {
				made[key] = c.freeName("_layout")
				c.generate("filegroup", made[key], []setting{{"srcs", "[" + c.ref(archive) + "]"}, {"output_group", `"oci_layout"`}, {"visibility", c.sourceOf("visibility")}})
			}
		}
		c.provide(u, made[key])
	}
}

// loadedName returns the names that an archive of rules_docker has when it is loaded.
func (c *call) loadedName() string {
	name, literal := c.text("name")
	if !literal || c.rule.ruleset != "rules_docker" || c.scope != nil {
		return ""
	}
	return fmt.Sprintf("[%q]", path.Join("bazel", c.file.pkg())+":"+name)
}

// provide makes a rule use other files.
func (c *call) provide(u use, name string) {
	text := c.ref(name)
	if u.file != c.file {
		text = fmt.Sprintf("%q", c.file.label(strings.Trim(name, `"`)))
	}
	if u.inside != "" {
		u.file.relabel(u.value, u.inside, strings.Trim(text, `"`))
		return
	}
	u.file.edits.Replace(u.value, text)
	if c.rule.role == program || u.group() == "oci_tarball" { // the archive is the default output
		u.file.edits.RemoveArguments(u.file.text, u.user.expr, u.user.attr("output_group").index)
	}
}

// relabel replaces a label in the Make variables of a string.
func (f *file) relabel(x build.Expr, label, by string) {
	start, _ := edit.Span(x)
	for source := f.source(x); ; {
		at := strings.Index(source, label+")")
		if at < 0 {
			return
		}
		start += at
		f.edits.Add(start, start+len(label), by)
		start += len(label)
		source = source[at+len(label):]
	}
}

// sourceOf returns the text of an attribute, or an empty string.
func (c *call) sourceOf(name string) string {
	if a := c.attr(name); a != nil {
		return c.file.source(a.value)
	}
	return ""
}
