package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/plan/boundary"
)

// archived returns the image of rules_docker that an archive, NAME.tar, is of. Translated images are used themselves.
func (p *Plan) archived(c *model.Call, ref *model.Reference) *model.Call {
	s, literal := ref.Value.(*build.StringExpr)
	if !literal || c.Rule.Ruleset != "rules_docker" || !slices.Contains(boundary.Bridged, ref.Attr) || p.w.Targets[ref.Key] != nil {
		return nil
	}
	name, tar := strings.CutSuffix(ref.Key, ".tar")
	target := p.w.Targets[name]
	if !tar || target == nil || target.Rule.Role != model.Image || target.Rule.Ruleset != "rules_docker" {
		return nil
	}
	c.Replace(ref.Value, fmt.Sprintf("%q", strings.TrimSuffix(s.Value, ".tar")))
	return target
}

// unwrap replaces the label of an image's files by that of the image, if an earlier run of the program wrote them for a call
// that stayed then.
func (p *Plan) unwrap(c *model.Call, ref *model.Reference) bool {
	files := p.w.Declared[ref.Key]
	if files != nil && len(files.Strings("base")) == 1 { // an adapter
		files = p.w.Declared[files.File.Label(files.Strings("base")[0])]
	}
	if files != nil && files.Kind() == "filegroup" && model.OnlyStrings(files.Attr("srcs")) && len(files.Strings("srcs")) == 1 {
		if group, _ := files.Text("output_group"); group == "oci_layout" {
			files = p.w.Declared[files.File.Label(files.Strings("srcs")[0])]
		}
	}
	if files == nil || files.Kind() != "image_archive" {
		return false
	}
	image, literal := files.Text("image")
	if !literal {
		return false
	}
	if files.File != c.File {
		image = files.File.Label(image)
	}
	c.Replace(ref.Value, fmt.Sprintf("%q", image))
	return true
}

// grouped returns the image whose layout a filegroup selects, and its label.
func (p *Plan) grouped(key string) (*model.Call, string) {
	files := p.w.Declared[key]
	if files == nil || !files.IsFilegroup() || !model.OnlyStrings(files.Attr("srcs")) || len(files.Strings("srcs")) != 1 {
		return nil, ""
	}
	label := files.Strings("srcs")[0]
	target := p.w.Targets[files.File.Label(label)]
	if group, _ := files.Text("output_group"); group != "oci_layout" || target == nil || target.Rule.Role != model.Image {
		return nil, ""
	}
	return target, label
}
