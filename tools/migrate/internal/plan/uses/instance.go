package uses

import (
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model/flow"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/plan/boundary"
)

// joinInstance joins the calls that use a variable to the macro that declares a target in it.
func (us *Uses) joinInstance(u boundary.Use, key string) {
	users := flow.UsersOf(u.File, u.Variable).Targets
	if len(users) == 0 {
		return
	}
	if macro, ok := us.chains.Instance(key); ok {
		for _, c := range users {
			us.chains.Join(c.Node, macro)
		}
	}
}

// addInstanceUse notes that a rule which is not translated uses an image of a macro.
func (us *Uses) addInstanceUse(u boundary.Use, label, key string) {
	user := u.User
	if user == nil || user.Rule != nil && !user.Rule.Stays() || user.Kind() == "build_test" || len(user.Forwards()) > 0 {
		return
	}
	if us.instances == nil {
		us.instances = flow.Instances(us.w)
	}
	target := us.instances[key]
	if name, ok := strings.CutSuffix(key, ".json.sha256"); ok && target == nil {
		target, u.Digest = us.instances[name], true
	}
	if name, ok := strings.CutSuffix(key, ".tar"); ok && target == nil {
		target, u.Archive = us.instances[name], true
	}
	word := !strings.ContainsAny(label, ":/@") && !slices.Contains(labelAttributes, u.Attr) && !u.Digest && u.Inside == ""
	if target == nil || word || target.Rule.Ruleset != "rules_oci" && u.Digest || target.Rule.Ruleset != "rules_docker" && u.Archive {
		return
	}
	if node, ok := us.chains.Macro(u.File, user.Kind()); ok {
		us.chains.Join(node, target.Node)
		return
	}
	if !us.boundary.AddInstance(target, u, label) {
		usedBy(target, u)
	}
}
