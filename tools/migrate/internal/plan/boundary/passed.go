package boundary

import (
	"fmt"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
)

// passedLabel is a label of an image in a repository that a macro gets, and its label after the translation.
type passedLabel struct {
	target *model.Call
	Use
	label string
}

// AddPassed notes the label of an image in a repository that a macro gets: from its caller, as a default, or in a variable. It is
// another one if the call that pulls the image is translated.
func (b *Boundary) AddPassed(target *model.Call, u Use) {
	s, literal := u.Value.(*build.StringExpr)
	if !literal || target.Rule.Role != model.Pull || u.Inside != "" {
		return
	}
	repository, rest, _ := strings.Cut(s.Value, "//")
	name, platform := strings.TrimLeft(repository, "@"), ""
	if target.Rule.Is("oci_pull") {
		_, platform = b.w.Puller(name)
	}
	label := s.Value
	switch {
	case target.Rule.Ruleset == "rules_docker" && (rest == "image" || rest == "image:image"):
		label = repository
	case platform != "" && rest == "":
		label = strings.TrimSuffix(repository, "_"+platform) + "//:" + platform
	}
	if label == s.Value {
		return
	}
	if !u.File.Chosen {
		target.Refuse("", "not-chosen", "a file among those not to translate uses the target: "+u.File.Name, "name "+u.File.Name+" too")
		return
	}
	b.passed = append(b.passed, passedLabel{target, u, label})
}

// apply rewrites the label.
func (r passedLabel) apply() { r.File.Edits.Replace(r.Value, fmt.Sprintf("%q", r.label)) }
