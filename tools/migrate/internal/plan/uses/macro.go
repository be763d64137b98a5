package uses

import (
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/plan/boundary"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// findMacroUses finds the uses of a function's own targets, by the names that it computes, in calls that are not translated.
func (us *Uses) findMacroUses(f *model.File) {
	for _, c := range f.Calls {
		if c.Scope == nil || c.Rule != nil || c.Goes || c.Kind() == "build_test" || len(c.Forwards()) > 0 {
			continue
		}
		for _, a := range c.Attrs {
			if !slices.Contains(labelAttributes, a.Name) {
				continue
			}
			all, listed := expr.Items(a.Value)
			if !listed {
				all = expr.Values(a.Value)
			}
			for _, x := range all {
				us.addMacroUse(c, a.Name, x)
			}
		}
	}
}

func (us *Uses) addMacroUse(c *model.Call, attr string, x build.Expr) {
	key, ok := c.Key(x)
	if !ok || !strings.HasPrefix(key, c.ScopeKey("")) {
		return
	}
	u := boundary.Use{File: c.File, User: c, Attr: attr, Value: x}
	target := us.w.Targets[key]
	if name, ok := strings.CutSuffix(key, ".tar"); ok && target == nil && declaredIn(c, key) == nil {
		target = us.w.Targets[name]
		if u.Archive = target != nil && target.Rule.Ruleset == "rules_docker" && target.Rule.Role == model.Image; !u.Archive {
			return
		}
	}
	if target == nil || target.Rule.Role == model.Archive || target.Scope != c.Scope {
		return
	}
	if node, ok := us.chains.Macro(c.File, c.Kind()); ok {
		us.chains.Join(node, target.Node)
		return
	}
	us.UseFiles(target, u)
}

// declaredIn returns the call of a rule outside of the rulesets that declares a target in the function of a call, or nil.
func declaredIn(c *model.Call, key string) *model.Call {
	for _, other := range c.File.Calls {
		if name, ok := other.Target(); ok && other.Scope == c.Scope && other.Rule == nil && name == key {
			return other
		}
	}
	return nil
}
