package main

import (
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// findMacroUses finds the uses of a function's own targets, by the names that it computes, in calls that are not translated.
func (us *uses) findMacroUses(f *file) {
	for _, c := range f.calls {
		if c.scope == nil || c.rule != nil || c.goes || c.kind() == "build_test" || len(c.forwards()) > 0 {
			continue
		}
		for _, a := range c.attrs {
			if !slices.Contains(labelAttributes, a.name) {
				continue
			}
			all, listed := items(a.value)
			if !listed {
				all = values(a.value)
			}
			for _, x := range all {
				us.addMacroUse(c, a.name, x)
			}
		}
	}
}

func (us *uses) addMacroUse(c *call, attr string, x build.Expr) {
	key, ok := c.key(x)
	if !ok || !strings.HasPrefix(key, c.scopeKey("")) {
		return
	}
	u := use{file: c.file, user: c, attr: attr, value: x}
	target := us.w.targets[key]
	if name, ok := strings.CutSuffix(key, ".tar"); ok && target == nil && us.declaredIn(c, key) == nil {
		target = us.w.targets[name]
		if u.archive = target != nil && target.rule.ruleset == "rules_docker" && target.rule.role == image; !u.archive {
			return
		}
	}
	if target == nil || target.rule.role == archive || target.scope != c.scope {
		return
	}
	if node, ok := us.chains.macro(c.file, c.kind()); ok {
		us.chains.join(node, target.node)
		return
	}
	us.useFiles(target, u)
}

// declaredIn returns the call of a rule outside of the rulesets that declares a target in the function of a call, or nil.
func (us *uses) declaredIn(c *call, key string) *call {
	for _, other := range c.file.calls {
		if name, ok := other.target(); ok && other.scope == c.scope && other.rule == nil && name == key {
			return other
		}
	}
	return nil
}
