package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// rule is a rule of another ruleset, and how its calls become calls of ours.
type rule struct {
	ruleset, name string
	role          role
	// to is our rule. If it is empty, no call is translated, and advice describes what to do instead.
	to     string
	advice string
	// attrs translates each attribute. An attribute that is neither here nor in common has no counterpart.
	attrs map[string]action
	// open is set if all other attributes are those of a rule of another ruleset, which finish handles.
	open bool
	// targets are the attributes that name images or layers, which must be translated as well.
	targets []string
	// goes is set if the targets themselves go, because others take their attributes over.
	goes bool
	// finish completes a call after its attributes.
	finish action
	// variant returns the rule of a call whose attributes make something else of it, or nil.
	variant func(c *call) *rule
	// resolve finds what a reference names if not an image, and returns a call to translate together with this one, or nil.
	resolve func(c *call, ref *reference) *call
	// complete finishes a call whose references are known.
	complete func(c *call)
	// provide writes further targets for a translated call.
	provide func(c *call)
}

// is reports whether a rule has one of some names, which no two rulesets share.
func (r *rule) is(names ...string) bool { return slices.Contains(names, r.name) }

// role is what a target is for. Rules of a role accept targets of the same roles.
type role int

const (
	layer   role = iota + 1 // part of an image
	image                   // an image or an index
	program                 // a push or a load: something to run
	archive                 // a tar, which may be used for anything
	test                    // a test of an image
	pull                    // a base image in a repository
)

// stays reports whether targets of the rule stay, and only use others.
func (r *rule) stays() bool { return r.role == test && r.to == "" }

// action translates an attribute. It is called without one to finish a call.
type action func(c *call, a *attr)

// repositories are the names that modules give the rulesets.
var repositories = map[string]string{
	"rules_oci": "rules_oci", "contrib_rules_oci": "rules_oci",
	"io_bazel_rules_docker": "rules_docker", "rules_docker": "rules_docker",
	"rules_img":        "rules_img",
	"rules_pkg":        "rules_pkg",
	"aspect_bazel_lib": "tar.bzl", "bazel_lib": "tar.bzl", "tar.bzl": "tar.bzl",
	"container_structure_test": "container_structure_test",
}

// rulesetOf returns the ruleset in the repository of a label, or an empty string.
func rulesetOf(label string) string {
	repository, _, _ := strings.Cut(strings.TrimLeft(label, "@"), "//")
	return repositories[repository]
}

var rulesets = map[string]map[string]*rule{
	"rules_oci":                ociRules,
	"rules_docker":             dockerRules,
	"rules_img":                imgRules,
	"rules_pkg":                {"pkg_tar": pkgTar},
	"tar.bzl":                  {"tar": {role: archive}},
	"container_structure_test": {"container_structure_test": {role: test}},
}

func init() {
	for ruleset, rules := range rulesets {
		for name, r := range rules {
			r.ruleset, r.name = ruleset, name
		}
	}
}

// findRule returns the rule that a load statement names, or nil.
func findRule(module, symbol string) *rule {
	if !strings.HasPrefix(module, "@") {
		return nil
	}
	if strings.HasSuffix(module, "//contrib:push-all.bzl") {
		symbol = "push_all" // loaded as docker_push or container_push
	} else if other := dockerNamesOf[symbol]; other != "" && strings.HasSuffix(module, "//docker:docker.bzl") {
		symbol = other
	}
	return rulesets[rulesetOf(module)][symbol]
}

// dockerNamesOf are the old names of rules in rules_docker.
var dockerNamesOf = map[string]string{
	"docker_build": "container_image", "docker_bundle": "container_bundle", "docker_pull": "container_pull", "docker_push": "container_push",
	"docker_import": "container_import", "docker_flatten": "container_flatten",
}

// common are the attributes of every rule, and those that mean the same in all rulesets.
var common = []string{
	"name", "visibility", "tags", "testonly", "deprecation", "features", "exec_properties", "exec_compatible_with",
	"target_compatible_with", "compatible_with", "restricted_to", "licenses", "package_metadata",
}

// commonTest are the attributes of every test.
var commonTest = []string{"size", "timeout", "flaky", "local", "shard_count", "args", "env", "env_inherit"}

// translate runs the actions of a call's rule.
func (c *call) translate() {
	if c.rule.variant != nil {
		if r := c.rule.variant(c); r != nil {
			c.rule = r
		}
	}
	if c.rule.stays() {
		if a := c.attr("image"); a != nil && c.scope != nil {
			c.need("image", a.value)
		}
		c.problems = nil // it stays, whatever its attributes
		return
	}
	if c.rule.to == "" {
		if c.rule.role != archive {
			c.refuse("", "no-counterpart", "rules_strata has no counterpart of this rule", c.rule.advice)
		}
		return
	}
	if c.attr("name") == nil && len(c.problems) == 0 {
		c.refuse("name", "no-name", "the call has no name", "set the attribute name")
	}
	for i := range c.attrs {
		a := &c.attrs[i]
		switch do, ok := c.rule.attrs[a.name]; {
		case slices.Contains(common, a.name), c.rule.role == test && slices.Contains(commonTest, a.name):
		case !ok && c.rule.open:
		case !ok:
			c.refuse(a.name, "no-counterpart", "the attribute has no counterpart", "remove it, if the image works without it; docs/migrate.md lists alternatives")
		case isNone(a.value) && c.scope == nil:
			c.drop(a)
		case do != nil:
			do(c, a)
		}
	}
	if len(c.cleared) > 0 && len(c.problems) == 0 {
		c.addText("clear", "["+strings.Join(c.cleared, ", ")+"]")
	}
	if c.rule.finish != nil && len(c.problems) == 0 {
		c.rule.finish(c, nil)
	}
}

// keep takes an attribute over, under the name to.
func keep(to string) action { return func(c *call, a *attr) { c.rename(a, to) } }

// drop removes an attribute that has no effect on the result, or whose effect is the default here.
func drop(why string) action {
	return func(c *call, a *attr) {
		c.drop(a)
		if why != "" {
			c.note("%s is gone: %s", a.name, why)
		}
	}
}

// refuse leaves the call as it is if it has the attribute.
func refuse(code, reason, advice string) action {
	return func(c *call, a *attr) { c.refuse(a.name, code, reason, advice) }
}

// variables of the base, in the forms of the rulesets. rules_docker expands $$ to $ first.
var (
	ociVariable    = regexp.MustCompile(`\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))`)
	dockerVariable = regexp.MustCompile(`\$\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))`)
	makeVariable   = regexp.MustCompile(`\$\([A-Za-z_][A-Za-z0-9_]*\)`)
	imgVariable    = regexp.MustCompile(`\{\{-? *\$([A-Za-z_][A-Za-z0-9_]*)() *-?\}\}`)
)

// environment takes env over, with references to variables of the base as ${NAME}.
func environment(c *call, a *attr) {
	listed("env", "env_file")(c, a)
	variable := map[string]*regexp.Regexp{"rules_docker": dockerVariable, "rules_oci": ociVariable, "rules_img": imgVariable}[c.rule.ruleset]
	build.Walk(a.value, func(x build.Expr, _ []build.Expr) {
		s, ok := x.(*build.StringExpr)
		if !ok {
			return
		}
		value := variable.ReplaceAllString(s.Value, "${$1$2}")
		rest := variable.ReplaceAllString(s.Value, "")
		if c.rule.ruleset == "rules_docker" {
			rest = makeVariable.ReplaceAllString(rest, "")
		}
		if strings.Contains(rest, "$") {
			c.refuse(a.name, "expansion", "the value has a dollar sign that is not a variable of the base", "write ${NAME} for a variable of the base, and $$ for a dollar")
			return
		}
		if value != s.Value {
			c.replace(x, fmt.Sprintf("%q", value))
		}
	})
}

// platform takes architecture and the like over, or drops it if the image has a base, whose platform applies.
func platform(to string) action {
	return func(c *call, a *attr) {
		if c.attr("base") != nil {
			drop("the platform is that of the base")(c, a)
			return
		}
		c.rename(a, to)
	}
}
