package oci

import (
	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/attr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/naming"
)

// pull is oci_pull of WORKSPACE files, and the tag pull of the module extension oci.
var pull = &model.Rule{
	Ruleset: "rules_oci", Role: model.Pull, To: "images_pull", Finish: naming.FinishPull,
	Attrs: map[string]model.Action{
		"image": attr.Later, "registry": attr.Later, "repository": attr.Later, "digest": attr.Later, "tag": attr.Later, "identifier": attr.Later,
		"platforms":                   attr.Keep("platforms"),
		"reproducible":                attr.Drop(""),
		"is_bzlmod":                   attr.Drop(""),
		"bazel_tags":                  attr.Drop(""),
		"config":                      attr.Drop("credentials are those of docker login or podman login"),
		"config_path":                 attr.Drop("credentials are those of docker login or podman login"),
		"www_authenticate_challenges": attr.Drop("the lock tool finds the token server"),
	},
}
