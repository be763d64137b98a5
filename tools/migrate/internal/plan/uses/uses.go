// Package uses finds the uses of targets by rules that are not translated.
package uses

import (
	"regexp"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/model/flow"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/plan/boundary"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/plan/chain"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/outputs"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// locations finds the labels in Make variables like $(location LABEL).
var locations = regexp.MustCompile(`\$\((?:location|execpath|rootpath|rlocationpath)s? ([^)]+)\)`)

// Uses finds the uses of targets outside of chains.
type Uses struct {
	w        *model.Workspace
	chains   *chain.Chains
	boundary *boundary.Boundary
	known    map[build.Expr]bool
	// instances are the images that macros declare.
	instances map[string]*model.Call
}

// New returns what finds uses. It adds them to chains, or to the boundary.
func New(w *model.Workspace, c *chain.Chains, b *boundary.Boundary) *Uses {
	return &Uses{w: w, chains: c, boundary: b, known: map[build.Expr]bool{}}
}

// AddKnown notes that a label is that of a call in the same macro, and no other use.
func (us *Uses) AddKnown(label build.Expr) { us.known[label] = true }

// Find finds the uses of images by rules that this program does not translate. Those expect what the other ruleset's
// targets provide, so the images stay.
func (us *Uses) Find() {
	for _, f := range us.w.Files {
		us.findComputedUses(f)
		known := map[*build.CallExpr]*model.Call{}
		for _, c := range f.Calls {
			known[c.Expr] = c
		}
		build.Walk(f.Tree, func(x build.Expr, stack []build.Expr) {
			s, ok := x.(*build.StringExpr)
			if !ok || !f.IsBuild() && !strings.Contains(s.Value, "$(") && !strings.HasPrefix(s.Value, "//") && !strings.HasPrefix(s.Value, "@") {
				return
			}
			user, attr := flow.Enclosing(stack, known)
			if user != nil && user.Kind() == "Label" && !f.IsBuild() {
				user = nil // a label like any other
			}
			for _, found := range locations.FindAllStringSubmatch(s.Value, -1) {
				us.addUse(boundary.Use{File: f, User: user, Attr: attr, Value: s, Inside: found[1]}, found[1])
			}
			if !us.known[s] && !slices.Contains(plainText, attr) && !expr.IsLoad(stack) && (user == nil || !flow.IsText(f, user, attr)) {
				us.addUse(boundary.Use{File: f, User: user, Attr: attr, Value: s, Variable: expr.Variable(stack)}, s.Value)
			}
		})
	}
}

// addUse notes the use of a label.
func (us *Uses) addUse(u boundary.Use, label string) {
	f, user, attr := u.File, u.User, u.Attr
	if user != nil && user.Goes {
		return
	}
	exact := u.Value != nil
	key := label
	if !model.IsExternal(label) {
		key = f.Label(label)
	}
	target := us.w.Targets[key]
	if name, ok := strings.CutSuffix(key, ".digest"); ok && target == nil && us.w.Targets[name] != nil && hasDigest(us.w.Targets[name]) {
		return // ours has this file, too
	}
	if target == nil && !model.IsExternal(key) && us.w.Declared[key] == nil && !us.w.Programs[key] && !outputs.IsSource(us.w, key) {
		for _, suffix := range outputs.Besides {
			name, ok := strings.CutSuffix(key, suffix)
			if beside := us.w.Targets[name]; ok && beside != nil && target == nil {
				target = beside
				image := exact && target.Rule.Role == model.Image
				u.Archive = image && suffix == ".tar" && target.Rule.Ruleset == "rules_docker"
				u.Digest = image && suffix == ".json.sha256" && target.Rule.Ruleset == "rules_oci" && target.Scope == nil && hasDigest(target)
				exact = u.Archive || u.Digest
			}
		}
	}
	if forwarder := us.w.Computed[key]; forwarder != nil && !strings.HasSuffix(forwarder.Kind(), "alias") {
		u.Forwarder = key
	}
	if target == nil && model.IsExternal(key) {
		target = us.pulledBy(key)
	}
	if user != nil && user.Rule != nil && (slices.Contains(user.Rule.Targets, attr) || attr == "tars" || user.Rule.Role == model.Pull) {
		if target != nil && user.Rule.To == "" && (u.Value == nil || !us.boundary.Link(user, target, attr, u.Value)) {
			us.chains.Join(user.Node, target.Node)
		}
		return
	}
	shared := u.Variable != "" && (user == nil || flow.IsDict(user)) && f.IsBuild()
	if target == nil && shared {
		us.joinInstance(u, label, key)
	}
	word := !strings.ContainsAny(label, ":/@")
	known := slices.Contains(labelAttributes, attr)
	if target == nil {
		us.addInstanceUse(u, label, key)
		return
	}
	if word && !known && user != nil && user.Rule != nil {
		return
	}
	if word && !known && !u.Digest {
		exact = false // perhaps not a label; never rewritten
	}
	if user != nil && (user.Kind() == "build_test" || len(user.Forwards()) > 0 && (target.Rule.Role == model.Image || target.Rule.Role == model.Pull)) {
		return // anything that builds will do; users of a target that forwards this one are found by its name
	}
	if shared {
		users := flow.UsersOf(f, u.Variable)
		for _, c := range users.Targets {
			us.chains.Join(c.Node, target.Node)
		}
		us.boundary.AddPassed(target, u)
		if !users.Other && (users.Text || len(users.Targets) > 0) {
			return
		}
	}
	if user != nil && target.Rule.Role != model.Archive {
		if node, ok := us.chains.Macro(f, user.Kind()); ok {
			us.chains.Join(node, target.Node)
			us.boundary.AddPassed(target, u)
			return
		}
	}
	switch {
	case exact && user != nil:
		us.UseFiles(target, u)
	case exact && user == nil && !f.IsBuild() && us.chains.HasOpen(): // macros that may get the label
		us.chains.JoinOpen(target)
		us.boundary.AddPassed(target, u)
		if target.Rule.Role != model.Pull {
			usedBy(target, u)
		}
	case exact && user == nil && !f.IsBuild() && f.Chosen && target.Rule.Role == model.Image && target.Rule.Ruleset == "rules_oci" && target.File.IsBuild() &&
		target.Alone && target.Loop == nil:
		us.boundary.AddListed(target, u)
	default:
		usedBy(target, u)
	}
}
