package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// plainText are attributes that hold no labels, even if a string is like the name of a target.
var plainText = []string{
	"name", "tags", "repo_tags", "remote_tags", "tag", "repository", "registry", "cmd", "entrypoint", "env", "labels", "annotations", "args",
	"package_dir", "user", "workdir", "visibility", "importpath", "deprecation", "strip_prefix", "directory", "features",
	"exposed_ports", "ports", "volumes", "mode", "owner", "package", "default_visibility", "symlinks", "platforms", "values", "define_values",
	"flag_values", "constraint_values",
}

// labelAttributes are attributes that hold labels, so that a plain word is the name of a target there.
var labelAttributes = []string{"srcs", "src", "deps", "data", "image", "images", "tools", "actual", "base", "files", "layers", "tests", "targets"}

// locations finds the labels in Make variables like $(location LABEL).
var locations = regexp.MustCompile(`\$\((?:location|execpath|rootpath|rlocationpath)s? ([^)]+)\)`)

// uses finds the uses of targets outside of chains.
type uses struct {
	w        *workspace
	chains   *chains
	boundary *boundary
}

func newUses(w *workspace, c *chains, b *boundary) *uses { return &uses{w, c, b} }

// findUses finds the uses of images by rules that this program does not translate. Those expect what the other ruleset's
// targets provide, so the images stay.
func (us *uses) findUses() {
	for _, f := range us.w.files {
		us.findMacroUses(f)
		known := map[*build.CallExpr]*call{}
		for _, c := range f.calls {
			known[c.expr] = c
		}
		build.Walk(f.tree, func(x build.Expr, stack []build.Expr) {
			s, ok := x.(*build.StringExpr)
			if !ok || !f.isBuild() && !strings.Contains(s.Value, "$(") && !strings.HasPrefix(s.Value, "//") && !strings.HasPrefix(s.Value, "@") {
				return
			}
			user, attr := enclosing(stack, known)
			if user != nil && user.kind() == "Label" && !f.isBuild() {
				user = nil // a label like any other
			}
			for _, found := range locations.FindAllStringSubmatch(s.Value, -1) {
				us.addUse(use{file: f, user: user, attr: attr, value: s, inside: found[1]}, found[1])
			}
			if !slices.Contains(plainText, attr) && !isLoad(stack) && !isTextSetting(user, attr) {
				us.addUse(use{file: f, user: user, attr: attr, value: s, variable: variable(stack)}, s.Value)
			}
		})
	}
}

// isTextSetting reports whether an attribute is the default of a build setting that is not a label: the settings of rules are
// text, numbers and booleans.
func isTextSetting(user *call, attr string) bool {
	return user != nil && attr == "build_setting_default" &&
		!slices.Contains([]string{"label_flag", "label_setting"}, strings.TrimPrefix(user.kind(), "native."))
}

// enclosing returns the outermost call around an expression, and its attribute.
func enclosing(stack []build.Expr, known map[*build.CallExpr]*call) (*call, string) {
	for i, outer := range stack {
		c, ok := outer.(*build.CallExpr)
		if !ok {
			continue
		}
		if i+1 < len(stack) {
			if assign, ok := stack[i+1].(*build.AssignExpr); ok {
				if name, ok := assign.LHS.(*build.Ident); ok {
					return known[c], name.Name
				}
			}
		}
		return known[c], ""
	}
	return nil, ""
}

// variable returns the name of the global variable that an expression is a part of.
func variable(stack []build.Expr) string {
	if len(stack) < 2 {
		return ""
	}
	if assign, ok := stack[1].(*build.AssignExpr); ok && assign.Op == "=" {
		if name, ok := assign.LHS.(*build.Ident); ok {
			return name.Name
		}
	}
	return ""
}

func isLoad(stack []build.Expr) bool {
	return slices.ContainsFunc(stack, func(x build.Expr) bool { _, ok := x.(*build.LoadStmt); return ok })
}

// use is a place that names a target.
type use struct {
	file  *file
	user  *call // nil outside of calls
	attr  string
	value build.Expr
	// variable is the name of the global variable that is set to the label, or to a list of it.
	variable string
	// forwarder is the label of the platform_transition_filegroup that is used, if it is not the target itself.
	forwarder string
	// archive is set if the user reads an archive of docker save, and not an image layout.
	archive bool
	// adapted is set if the user needs an adapter.
	adapted bool
	// inside is the label if it is a part of the value, as in $(location LABEL).
	inside string
}

func (u use) String() string {
	switch {
	case u.user == nil && u.value == nil:
		return "an expression in " + u.file.name
	case u.user == nil:
		start, _ := u.value.Span()
		return fmt.Sprintf("an expression in %s:%d", u.file.name, start.Line)
	}
	return u.user.kind() + " in " + u.user.where()
}

// besides are the ends of the names of files that rules declare beside their targets.
var besides = []string{".digest", ".tar", ".sha256", "-layer.tar", ".json.sha256"}

// addUse notes the use of a label.
func (us *uses) addUse(u use, label string) {
	f, user, attr := u.file, u.user, u.attr
	if user != nil && user.goes {
		return
	}
	exact := u.value != nil
	key := label
	if !isExternal(label) {
		key = f.label(label)
	}
	target := us.w.targets[key]
	if name, ok := strings.CutSuffix(key, ".digest"); ok && target == nil && us.w.targets[name] != nil && us.w.targets[name].hasDigest() {
		return // ours has this file, too
	}
	if target == nil && !isExternal(key) && us.w.declared[key] == nil && !us.w.programs[key] && !us.w.isSource(key) {
		for _, suffix := range besides {
			if name, ok := strings.CutSuffix(key, suffix); ok && target == nil {
				target = us.w.targets[name]
				u.archive = exact && suffix == ".tar" && target != nil && target.rule.ruleset == "rules_docker" && target.rule.role == image
				exact = u.archive
			}
		}
	}
	if forwarder := us.w.computed[key]; forwarder != nil && !strings.HasSuffix(forwarder.kind(), "alias") {
		u.forwarder = key
	}
	if target == nil && isExternal(key) {
		target = us.pulledBy(key)
	}
	if user != nil && user.rule != nil && (slices.Contains(user.rule.targets, attr) || attr == "tars" || user.rule.role == pull) {
		if target != nil && user.rule.to == "" && (u.value == nil || !us.boundary.link(user, target, attr, u.value)) {
			us.chains.join(user.node, target.node)
		}
		return
	}
	word := !strings.ContainsAny(label, ":/@")
	known := slices.Contains(labelAttributes, attr)
	if target == nil || word && !known && user != nil && user.rule != nil {
		return
	}
	if word && !known {
		exact = false // perhaps not a label; never rewritten
	}
	if user != nil && (user.kind() == "build_test" || len(user.forwards()) > 0 && (target.rule.role == image || target.rule.role == pull)) {
		return // anything that builds will do; users of a target that forwards this one are found by its name
	}
	if (user == nil || isDict(user)) && u.variable != "" && f.isBuild() {
		if users, ok := f.onlyTargets(u.variable, 0); ok {
			for _, c := range users {
				us.chains.join(c.node, target.node)
			}
			return
		}
	}
	if user != nil && target.rule.role != archive {
		if node, ok := us.chains.macro(f, user.kind()); ok {
			us.chains.join(node, target.node)
			return
		}
	}
	switch {
	case exact && user != nil:
		us.useFiles(target, u)
	case exact && user == nil && !f.isBuild() && us.chains.hasOpen(): // macros that may get the label
		us.chains.joinOpen(target)
		if target.rule.role != pull {
			target.usedBy(u)
		}
	case exact && user == nil && !f.isBuild() && f.chosen && target.rule.role == image && target.rule.ruleset == "rules_oci" && target.file.isBuild() &&
		target.alone && target.loop == nil:
		us.boundary.addListed(target, u)
	default:
		target.usedBy(u)
	}
}

// useFiles notes that a rule which is not translated uses a target. Those of rules_oci are directories with an image
// layout, or give archives; a new target provides the same files.
func (us *uses) useFiles(target *call, u use) {
	if u.user.kind() == "image_import" {
		target.note("%s in %s reads an archive of it; name the image itself instead", u.user.kind(), u.user.where())
	}
	if target.rule.role == pull && us.boundary.addPull(target, u) {
		return
	}
	switch {
	case target.rule.role == program && u.user.attr("output_group") == nil:
	case !target.file.isBuild() && target.scope != u.user.scope:
		target.usedBy(u)
	case !u.file.chosen:
		target.refuse("", "not-chosen", "a file among those not to translate uses the target: "+u.file.name, "name "+u.file.name+" too")
	case target.rule.role == image && u.group() == "digest": // which ours has, too
	case target.rule.role == image && target.rule.ruleset == "rules_docker" && (u.archive || slices.Contains(archiveReaders, u.user.kind()) && u.attr == "images"):
		u.archive = true
		us.boundary.need(target, u)
	case target.rule.role == image && (target.rule.ruleset == "rules_oci" || u.group() != "" || u.user.rule != nil && u.user.rule.stays()),
		target.rule.to == "image_load" && u.isTarball() && target.rule.ruleset != "rules_docker":
		us.boundary.need(target, u)
	case target.adapter() != "":
		u.adapted = true
		us.boundary.need(target, u)
	default:
		target.usedBy(u)
	}
}

// hasDigest reports whether the translated target has a file NAME.digest.
func (c *call) hasDigest() bool {
	return slices.Contains([]string{"image", "image_index", "image_artifact", "image_from_binary"}, c.rule.to)
}

// pulledBy returns the call that pulls the image of a label in another repository, or nil. rules_oci has a repository for each
// platform as well.
func (us *uses) pulledBy(label string) *call {
	repository, _, _ := strings.Cut(strings.TrimLeft(label, "@"), "//")
	if target := us.w.targets["@"+repository]; target != nil {
		return target
	}
	for at := strings.LastIndexByte(repository, '_'); at > 0; at = strings.LastIndexByte(repository[:at], '_') {
		if target := us.w.targets["@"+repository[:at]]; target != nil && target.rule.is("oci_pull") {
			return target
		}
	}
	if _, rest, _ := strings.Cut(label, "//"); rest != "" && rest != "image" {
		return nil
	}
	for _, target := range us.w.pulls {
		if text, known := pattern(target.attr("name").value); known && overlap(glob(text), repository) && strings.Trim(glob(text), "*") != "" {
			return target
		}
	}
	return nil
}

// archiveReaders are rules of third parties whose images can be archives of docker save.
var archiveReaders = []string{"k8s_deploy", "k8s_object"}

// usedBy makes a target stay, because something else uses it.
func (c *call) usedBy(u use) {
	if c.rule.role == archive {
		c.refuse("", "tar", "not only images use it: "+u.String(), "no change is needed: image_layer takes it in tars")
		return
	}
	c.refuse("", "used-by", u.String()+" uses the target, and expects what the other ruleset provides",
		"change that first; image_archive and its output group oci_layout have the image's files")
}

// group returns the output group of a use of an image by a filegroup, if image_archive has the same files.
func (u use) group() string {
	if u.user == nil {
		return ""
	}
	group, _ := u.user.text("output_group")
	if u.user.isFilegroup() && u.attr == "srcs" && slices.Contains([]string{"oci_layout", "oci_tarball", "digest"}, group) {
		return group
	}
	return ""
}

func (c *call) isFilegroup() bool { return strings.TrimPrefix(c.kind(), "native.") == "filegroup" }

// isTarball reports whether a use is a filegroup of the archive of an oci_load.
func (u use) isTarball() bool {
	group, _ := u.user.text("output_group")
	srcs := u.user.attr("srcs")
	if srcs == nil {
		return false
	}
	list, _ := srcs.value.(*build.ListExpr)
	return u.user.isFilegroup() && group == "tarball" && u.attr == "srcs" && list != nil && len(list.List) == 1
}

// findLayers finds the tars that can become layers: those in BUILD files that at least one image uses.
func (p *plan) findLayers() {
	for _, c := range p.w.calls() {
		if c.rule.to != "image" {
			continue
		}
		for _, ref := range c.refs {
			target := p.w.targets[ref.key]
			if ref.attr == "tars" && target != nil && target.rule.role == archive && target.rule.to != "" && len(target.problems) == 0 &&
				target.file.isBuild() && target.scope == nil {
				p.layers[ref.key] = true
			}
		}
	}
}
