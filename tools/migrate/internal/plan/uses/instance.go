package uses

import (
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/model/flow"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/plan/boundary"
)

// instance returns the call of a macro that declares an image, perhaps behind an alias, or nil.
func (us *Uses) instance(key string) *model.Call {
	if us.instances == nil {
		us.instances = flow.Instances(us.w)
	}
	for range maxAliases {
		forwarder := us.w.Computed[key]
		if forwarder == nil || us.instances[key] != nil {
			break
		}
		label, literal := forwarder.Forwards()[0].(*build.StringExpr)
		if !literal {
			break
		}
		key = forwarder.File.Label(label.Value)
	}
	if target := us.instances[key]; target != nil && target.Rule.Role == model.Image {
		return target
	}
	return nil
}

// maxAliases bounds how many aliases of aliases are followed.
const maxAliases = 4

// joinInstance joins the calls that use a variable to the macro that declares a target in it.
func (us *Uses) joinInstance(u boundary.Use, label, key string) {
	users := flow.UsersOf(u.File, u.Variable)
	if len(users.Targets) > 0 {
		if macro, ok := us.chains.Instance(key); ok {
			for _, c := range users.Targets {
				us.chains.Join(c.Node, macro)
			}
		}
	}
	if target := us.instance(key); target != nil && users.Other && strings.ContainsAny(label, ":/@") {
		usedBy(target, u)
	}
}

// addInstanceUse notes that a rule which is not translated uses an image of a macro.
func (us *Uses) addInstanceUse(u boundary.Use, label, key string) {
	user := u.User
	if user == nil || user.Rule != nil && !user.Rule.Stays() || user.Kind() == "build_test" || len(user.Forwards()) > 0 {
		return
	}
	target := us.instance(key)
	if name, ok := strings.CutSuffix(key, ".json.sha256"); ok && target == nil {
		target, u.Digest = us.instance(name), true
	}
	if name, ok := strings.CutSuffix(key, ".tar"); ok && target == nil {
		target, u.Archive = us.instance(name), true
	}
	word := !strings.ContainsAny(label, ":/@") && !slices.Contains(labelAttributes, u.Attr) && !u.Digest && u.Inside == ""
	if target == nil || word || target.Rule.Ruleset != "rules_oci" && u.Digest || target.Rule.Ruleset != "rules_docker" && u.Archive {
		return
	}
	if node, ok := us.chains.Macro(u.File, user.Kind()); ok {
		us.chains.Join(node, target.Node)
		return
	}
	if u.Group() == "digest" { // which ours has, too
		return
	}
	if target.Rule.Ruleset == "rules_img" && u.Group() == "" || !us.boundary.AddInstance(target, u, label) {
		usedBy(target, u)
	}
}
