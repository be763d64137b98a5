package model

import (
	"slices"
	"strings"
)

// Rule is a rule of another ruleset, and how its calls become calls of ours.
type Rule struct {
	Ruleset, Name string
	Role          Role
	// To is our rule. If it is empty, no call is translated, and Advice describes what to do instead.
	To     string
	Advice string
	// Attrs translates each attribute. An attribute that is neither here nor in Common has no counterpart.
	Attrs map[string]Action
	// Open is set if all other attributes are those of a rule of another ruleset, which Finish handles.
	Open bool
	// Targets are the attributes that name images or layers, which must be translated as well.
	Targets []string
	// Goes is set if the targets themselves go, because others take their attributes over.
	Goes bool
	// Finish completes a call after its attributes.
	Finish Action
	// Variant returns the rule of a call whose attributes make something else of it, or nil.
	Variant func(c *Call) *Rule
	// Resolve finds what a reference names if not an image, and returns a call to translate together with this one, or nil.
	Resolve func(c *Call, ref *Reference) *Call
	// Complete finishes a call whose references are known.
	Complete func(c *Call)
	// Provide writes further targets for a translated call.
	Provide func(c *Call)
}

// Is reports whether a rule has one of some names, which no two rulesets share.
func (r *Rule) Is(names ...string) bool { return slices.Contains(names, r.Name) }

// Role is what a target is for. Rules of a role accept targets of the same roles.
type Role int

// The roles.
const (
	Layer   Role = iota + 1 // part of an image
	Image                   // an image or an index
	Program                 // a push or a load: something to run
	Archive                 // a tar, which may be used for anything
	Test                    // a test of an image
	Pull                    // a base image in a repository
)

// Stays reports whether targets of the rule stay, and only use others.
func (r *Rule) Stays() bool { return r.Role == Test && r.To == "" }

// Action translates an attribute. It is called without one to finish a call.
type Action func(c *Call, a *Attr)

// repositories are the names that modules give the rulesets.
var repositories = map[string]string{
	"rules_oci": "rules_oci", "contrib_rules_oci": "rules_oci",
	"io_bazel_rules_docker": "rules_docker", "rules_docker": "rules_docker",
	"rules_img":        "rules_img",
	"rules_pkg":        "rules_pkg",
	"aspect_bazel_lib": "tar.bzl", "bazel_lib": "tar.bzl", "tar.bzl": "tar.bzl",
	"container_structure_test": "container_structure_test",
}

// RulesetOf returns the ruleset in the repository of a label, or an empty string.
func RulesetOf(label string) string {
	repository, _, _ := strings.Cut(strings.TrimLeft(label, "@"), "//")
	return repositories[repository]
}

// Common are the attributes of every rule, and those that mean the same in all rulesets.
var Common = []string{
	"name", "visibility", "tags", "testonly", "deprecation", "features", "exec_properties", "exec_compatible_with",
	"target_compatible_with", "compatible_with", "restricted_to", "licenses", "package_metadata", "toolchains",
}

// CommonTest are the attributes of every test.
var CommonTest = []string{"size", "timeout", "flaky", "local", "shard_count", "args", "env", "env_inherit"}
