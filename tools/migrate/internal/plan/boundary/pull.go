package boundary

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
)

// pullUse is the use of an image in a repository, or of an image of a macro, by a call that is not translated.
type pullUse struct {
	target *model.Call
	Use
	files string // the label without what rules_docker and rules_oci add to it
}

// usePull returns the use of an image in a repository. It reports false if no target in front of the user can have the image's
// files.
func usePull(target *model.Call, u Use) (pullUse, bool) {
	if !canProvide(u) || u.Inside != "" {
		return pullUse{}, false
	}
	label := u.Value.(*build.StringExpr).Value
	repository, rest, _ := strings.Cut(label, "//")
	switch target.Rule.Ruleset {
	case "rules_docker":
		if rest != "image" && rest != "image:image.tar" && rest != "image:image" {
			return pullUse{}, false
		}
		u.Archive = rest == "image:image.tar"
	case "rules_oci":
		name, _ := target.Text("name")
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

// canProvide reports whether there can be targets in front of the user of a label.
func canProvide(u Use) bool {
	_, literal := u.Value.(*build.StringExpr)
	return literal && u.User != nil && u.User.Alone && u.User.Loop == nil && u.File.IsBuild() && u.File.Chosen
}

// provide writes the targets that give a call the files of an image.
func (u pullUse) provide() {
	c, files := u.User, u.files
	if u.Digest {
		u.replace(fmt.Sprintf("%q", strings.TrimSuffix(files, ".json.sha256")+".digest"))
		return
	}
	files = strings.TrimSuffix(files, ".tar")
	archive := c.Shared("image_archive", files, "_archive", model.Settings{"image": fmt.Sprintf("%q", files)})
	text := archive
	switch {
	case u.Group() != "":
	case u.target.Rule.Ruleset == "rules_oci":
		text = c.Shared("filegroup", files, "_layout", model.Settings{"output_group": `"oci_layout"`, "srcs": "[" + archive + "]"})
	case !u.Archive:
		text = c.Shared("container_image", files, "_docker", model.Settings{"base": archive})
	}
	u.replace(text)
}

// replace gives the user another label.
func (u pullUse) replace(text string) {
	if u.Inside != "" {
		relabel(u.File, u.Value, u.Inside, strings.Trim(text, `"`))
		return
	}
	u.File.Edits.Replace(u.Value, text)
	if u.Group() == "oci_tarball" { // the archive is the default output
		u.File.Edits.RemoveArguments(u.File.Text, u.User.Expr, u.User.Attr("output_group").Index)
	}
}

// copyable reports whether an image that is pulled can be pulled a second time: nothing but its users keeps the call.
func copyable(c *model.Call) bool {
	_, named := c.Text("name")
	return named && c.Rule.Role == model.Pull && c.Pulled != "" && c.Alone && (c.IsTag() || c.File.Tree.Type != build.TypeModule || c.Rule.Is("pull")) &&
		!slices.ContainsFunc(c.Problems, func(p model.Problem) bool { return p.Code != "used-by" && p.Code != "chain" })
}

// copyPull returns the name of the second repository.
func copyPull(c *model.Call) string {
	name, _ := c.Text("name")
	c.Copied = "strata_" + name
	return c.Copied
}
