package boundary

import (
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
)

// Link is the use of a target by a call that does not have to be translated together with it. If only one of the two is
// translated, a target between them has the image's files in the form that the other side reads.
type Link struct {
	User, target *model.Call
	Attr         string
	Value        build.Expr
}

func (l Link) use() Use { return Use{File: l.User.File, User: l.User, Attr: l.Attr, Value: l.Value} }

// Bridged are the attributes that can name a target of the other side.
var Bridged = []string{"base", "images", "image", "manifests", "layers"}

// Link notes the use of a target by a call. It reports false if both belong to one chain: only a literal label can be
// replaced, and a macro's own targets stay together.
func (b *Boundary) Link(c, target *model.Call, attr string, value build.Expr) bool {
	s, literal := value.(*build.StringExpr)
	if !literal || !slices.Contains(Bridged, attr) || len(b.w.Aliases[c.File.Label(s.Value)]) > 0 {
		return false
	}
	if target.Rule.Role != model.Pull && (!target.File.IsBuild() || target.Scope != nil) {
		return false
	}
	b.links = append(b.links, Link{c, target, attr, value})
	return true
}

// readable reports whether a translated user can read a target that stays.
func (l Link) readable() bool {
	if l.target.HasProblem("not-chosen") || l.Attr == "image" {
		return false
	}
	_, ok := l.files()
	return ok && (l.User.Alone || l.direct())
}

// direct reports whether the files of a target that stays can be used without a target in between.
func (l Link) direct() bool {
	return l.target != nil && (l.target.Rule.Is("container_layer") || copyable(l.target))
}

// files returns the label of the files of a target that stays.
func (l Link) files() (string, bool) {
	label := l.Value.(*build.StringExpr).Value
	switch r := l.target.Rule; {
	case r.Role == model.Pull && copyable(l.target):
		return label, true // another repository
	case r.Is("oci_image", "oci_pull"):
		return label, true
	case r.Ruleset == "rules_docker" && r.Role == model.Pull:
		return label + ":image.tar", strings.HasSuffix(label, "//image")
	case r.Ruleset == "rules_docker" && r.Role == model.Image && !r.Is("container_load"):
		return strings.TrimSuffix(model.Explicit(label), ".tar") + ".tar", true
	case r.Is("container_layer"):
		return model.Explicit(label) + "-layer.tar", l.target.Attr("env") == nil
	case r.Is("image_manifest", "image_layer", "layer_from_tar"):
		return label, true // an output group
	}
	return "", false
}

// providable reports whether a user that stays can read a translated target: rules_oci reads image layouts, rules_docker
// archives of docker save.
func (l Link) providable() bool {
	if l.target.Rule.Role == model.Layer && l.User.Rule.Ruleset == "rules_img" && l.Attr == "layers" {
		// The file is a tar, but has no annotations.
		return l.target.Rule.To == "image_layer" && l.target.Attr("annotations") == nil && l.target.Attr("media_type") == nil
	}
	if _, ok := usePull(l.target, l.use()); l.target.Rule.Role == model.Pull && l.target.Rule.Ruleset == l.User.Rule.Ruleset {
		return ok
	}
	if l.target.Rule.Role == model.Layer && Adapter(l.target) == "container_layer" {
		return l.target.Alone && l.target.Loop == nil && l.target.File.Chosen && l.User.File.Chosen
	}
	return l.target.Rule.Role == model.Image && l.target.Alone && l.target.Loop == nil && l.target.File.Chosen && l.User.File.Chosen &&
		(l.User.Rule.Ruleset == "rules_oci" || l.User.Rule.Ruleset == "rules_docker")
}

// listedUse is the label of an image in an expression of a .bzl file. No translated call can get it, and those that do read an
// image layout.
type listedUse struct {
	target *model.Call
	Use
}

// UnknownLink is the use of files by a call.
type UnknownLink struct {
	Link
	Label   string // of the files, if it is known
	Through bool   // only rules_docker can read the target
}
