// Package rules has the rules of other rulesets that are translated. Each ruleset has a package below it, which consists of a table.
package rules

import (
	"strings"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/docker"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/img"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/oci"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/pkgtar"
)

var rulesets = map[string]map[string]*model.Rule{
	"rules_oci":                oci.Rules,
	"rules_docker":             docker.Rules,
	"rules_img":                img.Rules,
	"rules_pkg":                {"pkg_tar": pkgtar.Rule},
	"tar.bzl":                  {"tar": {Role: model.Archive}},
	"container_structure_test": {"container_structure_test": {Role: model.Test}},
}

func init() {
	for ruleset, rules := range rulesets {
		for name, r := range rules {
			r.Ruleset, r.Name = ruleset, name
		}
	}
}

// Find returns the rule that a load statement names, or nil.
func Find(module, symbol string) *model.Rule {
	if !strings.HasPrefix(module, "@") {
		return nil
	}
	if strings.HasSuffix(module, "//contrib:push-all.bzl") {
		symbol = "push_all" // loaded as docker_push or container_push
	} else if other := dockerNames[symbol]; other != "" && strings.HasSuffix(module, "//docker:docker.bzl") {
		symbol = other
	}
	return rulesets[model.RulesetOf(module)][symbol]
}

// dockerNames are the old names of rules in rules_docker.
var dockerNames = map[string]string{
	"docker_build": "container_image", "docker_bundle": "container_bundle", "docker_pull": "container_pull", "docker_push": "container_push",
	"docker_import": "container_import", "docker_flatten": "container_flatten",
}
