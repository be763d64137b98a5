// Package boundary is about calls that are translated and calls that stay, and use each other. It decides whether a target between
// them can have the files that both sides read, and writes such targets.
//
// Some are adapters, targets of another ruleset: one that gives rules outside of the rulesets what they expect of a translated
// target, or one that makes an archive of a target that only the other ruleset can read.
package boundary

import (
	"fmt"
	"strings"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/format"
)

// Boundary is where calls that are translated and others use each other.
type Boundary struct {
	w *model.Workspace
	// links and unknown are uses that do not make a chain.
	links   []Link
	unknown []UnknownLink
	// listedUses are labels in expressions of .bzl files.
	listedUses []listedUse
	pullUses   []pullUse
	passed     []passedLabel
	// files has the uses of a target's files by rules that are not translated.
	files map[*model.Call][]Use
}

// New returns the boundary in a workspace, without uses.
func New(w *model.Workspace) *Boundary { return &Boundary{w: w, files: map[*model.Call][]Use{}} }

// AddUnknown notes that a call reads the files of a target that no ruleset knows.
func (b *Boundary) AddUnknown(l UnknownLink) { b.unknown = append(b.unknown, l) }

// AddListed notes the label of an image in an expression of a .bzl file.
func (b *Boundary) AddListed(target *model.Call, u Use) {
	b.listedUses = append(b.listedUses, listedUse{target, u})
}

// AddPull notes the use of an image in a repository by a call that is not translated. It reports false if no target in front
// of the user can have the image's files.
func (b *Boundary) AddPull(target *model.Call, u Use) bool {
	p, ok := usePull(target, u)
	if ok {
		b.pullUses = append(b.pullUses, p)
	}
	return ok
}

// AddInstance notes that a call which is not translated uses an image of a macro, with a label. It reports false if no target in
// front of the user can have the image's files.
func (b *Boundary) AddInstance(target *model.Call, u Use, label string) bool {
	if !canProvide(u) {
		return false
	}
	b.pullUses = append(b.pullUses, pullUse{target, u, label})
	return true
}

// Need notes that a rule which is not translated uses the files of a target.
func (b *Boundary) Need(target *model.Call, u Use) { b.files[target] = append(b.files[target], u) }

// IsNeeded reports whether a rule that is not translated uses the files of a target.
func (b *Boundary) IsNeeded(target *model.Call) bool { return len(b.files[target]) > 0 }

// Spread blocks the calls whose links cross the boundary to calls that stay, and cannot be bridged. It reports whether there
// are new ones.
func (b *Boundary) Spread() bool {
	found := false
	for _, l := range b.links {
		user, target := len(l.User.Problems) > 0, len(l.target.Problems) > 0
		switch {
		case !user && target && !l.readable():
			l.User.Belongs(l.target)
			found = true
		case user && !target && !l.providable():
			l.target.Belongs(l.User)
			found = true
		}
	}
	return found
}

// Bridge writes the targets at the boundaries.
func (b *Boundary) Bridge() {
	for _, l := range b.links {
		switch user, target := l.User.Translated(), l.target.Translated(); {
		case user && !target:
			files, _ := l.files()
			b.readLink(l, files, format.Quoted(files))
		case !user && target && l.target.Rule.Role == model.Image:
			u := l.use()
			u.Archive = l.User.Rule.Ruleset == "rules_docker"
			b.Need(l.target, u)
		case !user && target && l.target.Rule.Role == model.Pull:
			if u, ok := usePull(l.target, l.use()); ok {
				u.Archive = l.User.Rule.Ruleset == "rules_docker"
				b.pullUses = append(b.pullUses, u)
			}
		case !user && target && Adapter(l.target) == "container_layer":
			u := l.use()
			u.Adapted = true
			b.Need(l.target, u)
		}
	}
	for _, l := range b.listedUses {
		if l.target.Translated() {
			b.Need(l.target, l.Use)
		}
	}
	for _, l := range b.unknown {
		if !l.User.Translated() {
			continue
		}
		src := l.User.File.Source(l.Value)
		if l.Label != "" {
			src = format.Quoted(l.Label)
		}
		if l.Through {
			src = archiveOf(l.User, src, l.Label)
			l.Label = strings.Trim(src, `"`)
		}
		b.readLink(l.Link, l.Label, src)
	}
	for _, u := range b.pullUses {
		if u.target.Translated() {
			u.provide()
		}
	}
	for _, r := range b.passed {
		if r.target.Translated() {
			r.apply()
		}
	}
}

// readLink makes a translated call read the files of a target that stays: those of a label, with src as its text.
func (b *Boundary) readLink(l Link, label, src string) {
	c := l.User
	if l.direct() {
		if copyable(l.target) {
			src = fmt.Sprintf("%q", "@"+copyPull(l.target))
		}
	} else {
		src = readFrom(l, label, src)
	}
	c.Edits = c.Edits.Without(l.Value)
	c.Replace(l.Value, src)
	b.w.Sources[l.Value] = src
}

// readFrom returns the target that has the files of another, in front of the call.
func readFrom(l Link, label, src string) string {
	c := l.User
	if l.target != nil && l.target.Rule.Ruleset == "rules_img" {
		group := "oci_layout"
		if l.target.Rule.Role == model.Layer {
			group = "layer"
		}
		src = c.Shared("filegroup", label, "_"+group, model.Settings{"srcs": "[" + src + "]", "output_group": fmt.Sprintf("%q", group)})
		if group == "layer" {
			return src
		}
	}
	c.Note("%s is read by an image_import, because the other ruleset still makes it", c.File.Source(l.Value))
	return c.Shared("image_import", label, "_import", model.Settings{"src": src})
}
