package uses

import (
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/plan/boundary"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/pattern"
)

// findComputedUses finds the uses of the targets of a function, or of a BUILD file, by the names that it computes, in calls that are
// not translated.
func (us *Uses) findComputedUses(f *model.File) {
	for _, c := range f.Calls {
		if c.Rule != nil || c.Goes || c.Kind() == "build_test" || len(c.Forwards()) > 0 {
			continue
		}
		for _, a := range c.Attrs {
			if !slices.Contains(labelAttributes, a.Name) {
				continue
			}
			all, listed := expr.Items(a.Value)
			if dict, ok := a.Value.(*build.DictExpr); ok {
				for _, entry := range dict.List {
					all = append(all, entry.Value)
				}
			} else if !listed {
				all = expr.Values(a.Value)
			}
			for _, x := range all {
				if _, literal := x.(*build.StringExpr); !literal || c.Scope != nil {
					us.addComputedUse(c, a.Name, x)
				}
			}
		}
	}
}

// addComputedUse notes the use of a target whose name is computed in the same function or BUILD file.
func (us *Uses) addComputedUse(c *model.Call, attr string, x build.Expr) {
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
	if target == nil && c.Scope == nil {
		us.RefuseSimilar(u)
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

// RefuseSimilar makes the images of a BUILD file stay that a computed label may name.
func (us *Uses) RefuseSimilar(u boundary.Use) {
	label, _ := pattern.Of(u.Value)
	label = strings.TrimPrefix(pattern.Glob(label), ":")
	if strings.Trim(label, "*") == "" {
		return
	}
	for _, c := range u.File.Calls {
		name := c.Attr("name")
		if name == nil || c.Rule == nil || c.Rule.Role != model.Image || c.Scope != nil {
			continue
		}
		if text, known := pattern.Of(name.Value); known && pattern.Overlap(label, pattern.Glob(text)) {
			usedBy(c, u)
		}
	}
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
