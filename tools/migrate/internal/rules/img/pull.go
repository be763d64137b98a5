package img

import (
	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/attr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/naming"
)

// pull is pull of rules_img, in a WORKSPACE file or, through use_repo_rule, in a MODULE.bazel file.
var pull = &model.Rule{
	Role: model.Pull, To: "images_pull", Finish: naming.FinishPull,
	Attrs: map[string]model.Action{
		"registry": attr.Later, "registries": attr.Later, "repository": attr.Later, "digest": attr.Later, "tag": attr.Later,
		"layer_handling":                  attr.Drop("layers are fetched when an action needs them"),
		"downloader":                      attr.Drop(""),
		"unsafe_allow_tag_without_digest": attr.Drop(""),
	},
}
