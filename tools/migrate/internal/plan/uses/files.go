package uses

import (
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/plan/boundary"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/pattern"
)

// UseFiles notes that a rule which is not translated uses a target. Those of rules_oci are directories with an image
// layout, or give archives; a new target provides the same files.
func (us *Uses) UseFiles(target *model.Call, u boundary.Use) {
	if u.User.Kind() == "image_import" {
		target.Note("%s in %s reads an archive of it; name the image itself instead", u.User.Kind(), u.User.Where())
	}
	if target.Rule.Role == model.Pull && us.boundary.AddPull(target, u) {
		return
	}
	switch {
	case target.Rule.Role == model.Program && u.User.Attr("output_group") == nil:
	case !target.File.IsBuild() && target.Scope != u.User.Scope:
		usedBy(target, u)
	case !u.File.Chosen:
		target.Refuse("", "not-chosen", "a file among those not to translate uses the target: "+u.File.Name, "name "+u.File.Name+" too")
	case target.Rule.Role == model.Image && u.Group() == "digest": // which ours has, too
	case u.Digest:
		us.boundary.Need(target, u)
	case target.Rule.Role == model.Image && target.Rule.Ruleset == "rules_docker" && (u.Archive || slices.Contains(archiveReaders, u.User.Kind()) && u.Attr == "images"):
		u.Archive = true
		us.boundary.Need(target, u)
	case target.Rule.Role == model.Image && (target.Rule.Ruleset == "rules_oci" || u.Group() != "" || u.User.Rule != nil && u.User.Rule.Stays()),
		target.Rule.To == "image_load" && u.IsTarball() && target.Rule.Ruleset != "rules_docker":
		us.boundary.Need(target, u)
	case boundary.Adapter(target) != "":
		u.Adapted = true
		us.boundary.Need(target, u)
	default:
		usedBy(target, u)
	}
}

// hasDigest reports whether the translated target has a file NAME.digest.
func hasDigest(c *model.Call) bool {
	return slices.Contains([]string{"image", "image_index", "image_artifact", "image_from_binary"}, c.Rule.To)
}

// pulledBy returns the call that pulls the image of a label in another repository, or nil.
func (us *Uses) pulledBy(label string) *model.Call {
	repository, _, _ := strings.Cut(strings.TrimLeft(label, "@"), "//")
	if target, _ := us.w.Puller(repository); target != nil {
		return target
	}
	if _, rest, _ := strings.Cut(label, "//"); rest != "" && rest != "image" {
		return nil
	}
	for _, target := range us.w.Pulls {
		if text, known := pattern.Of(target.Attr("name").Value); known && pattern.Overlap(pattern.Glob(text), repository) && strings.Trim(pattern.Glob(text), "*") != "" {
			return target
		}
	}
	return nil
}

// archiveReaders are rules of third parties whose images can be archives of docker save.
var archiveReaders = []string{"k8s_deploy", "k8s_object"}

// usedBy makes a target stay, because something else uses it.
func usedBy(c *model.Call, u boundary.Use) {
	if c.Rule.Role == model.Archive {
		c.Refuse("", "tar", "not only images use it: "+u.String(), "no change is needed: image_layer takes it in tars")
		return
	}
	c.Refuse("", "used-by", u.String()+" uses the target, and expects what the other ruleset provides",
		"change that first; image_archive and its output group oci_layout have the image's files")
}
