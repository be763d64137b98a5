// Package policy compares images with the rules of an organisation, which apply to many images and name none.
//
// Rules about the documents of an image need nothing else. Rules about its files need the listings of its layers, and those about
// licenses the metadata of packages too, never their blobs. A layer without a listing violates a policy with such rules, because
// they do not see it.
//
// Non-goals: what a single image must contain (package expect), the rules of the specifications (package check).
//
// Invariants: a violation is a value, not an error. The result does not depend on map order.
package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// Rules are the rules in the terms of the rule image_policy.
type Rules struct {
	// Name is the label of the policy.
	Name string `json:"name"`
	// Forbid are names of forbidden things; see forbidden.
	Forbid []string `json:"forbid"`
	// Labels maps labels that an image must have to regular expressions.
	Labels map[string]string `json:"labels"`
	// Bases are globs of the repositories that bases may come from.
	Bases []string `json:"bases"`
	// AllowedLicenses are the licenses that packages may have.
	AllowedLicenses []string `json:"allowed_licenses"`
	// Absent are paths and globs, as in [tree.Pattern], that select nothing.
	Absent []string `json:"absent"`
	// Exists are paths that must exist.
	Exists []string `json:"exists"`
	// Allow maps rules to exceptions: globs of paths, or labels of targets. [unseenRule] is a rule, too.
	Allow map[string][]string `json:"allow"`
}

// Policy is a parsed policy.
type Policy struct {
	// Name is the label of the policy.
	Name string

	checks   []check
	files    bool
	packages bool
	allow    map[string]exceptions
}

// check is a rule.
type check struct {
	name string
	run  func(c *checker) error
}

// forbidden are the values of Rules.Forbid, and whether they need the files.
var forbidden = map[string]struct {
	files bool
	run   func(c *checker) error
}{
	"no_healthcheck": {false, noHealthcheck},
	"package_caches": {true, packageCaches},
	"root_user":      {false, rootUser},
	"secret_env":     {false, secretEnv},
	"secrets":        {true, secrets},
	"setuid":         {true, setuid},
	"world_writable": {true, worldWritable},
}

// Parse parses a policy in JSON.
func Parse(data []byte) (*Policy, error) {
	var r Rules
	in := json.NewDecoder(bytes.NewReader(data))
	in.DisallowUnknownFields()
	if err := in.Decode(&r); err != nil {
		return nil, err
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("expected one JSON object")
	}
	p := &Policy{Name: r.Name, allow: make(map[string]exceptions)}
	return p, errors.Join(p.forbid(r.Forbid), p.labels(r.Labels), p.bases(r.Bases), p.licenses(r.AllowedLicenses), p.absent(r.Absent),
		p.exists(r.Exists), p.unseen(), p.exceptions(r.Allow))
}

// NeedFiles reports whether a rule needs more than the documents of an image.
func (p *Policy) NeedFiles() bool { return p.files }

func (p *Policy) add(name string, files bool, run func(c *checker) error) {
	p.checks = append(p.checks, check{name, run})
	p.files = p.files || files
}

func (p *Policy) forbid(names []string) error {
	for _, name := range names {
		f, ok := forbidden[name]
		if !ok {
			return fmt.Errorf("forbid: %q: expected one of %s", name, strings.Join(slices.Sorted(maps.Keys(forbidden)), ", "))
		}
		p.add(name, f.files, f.run)
	}
	return nil
}

func (p *Policy) labels(labels map[string]string) error {
	if len(labels) == 0 {
		return nil
	}
	wanted := make(map[string]*regexp.Regexp)
	for key, text := range labels {
		re, err := regexp.Compile(text)
		if err != nil {
			return fmt.Errorf("labels: %s: %w", key, err)
		}
		wanted[key] = re
	}
	p.add("labels", false, func(c *checker) error {
		for _, key := range slices.Sorted(maps.Keys(wanted)) {
			switch value, ok := c.image.Config.Labels[key]; {
			case !ok:
				c.violate("the label %s is not set", key)
			case !wanted[key].MatchString(value):
				c.violate("the label %s is %q, which %q does not match", key, value, wanted[key])
			}
		}
		return nil
	})
	return nil
}

func (p *Policy) bases(globs []string) error {
	if len(globs) == 0 {
		return nil
	}
	patterns, err := parsePatterns("bases", globs)
	p.add("bases", false, func(c *checker) error {
		for i, layer := range c.image.Layers {
			switch {
			case layer.Built:
			case len(layer.Sources) == 0:
				c.violate("%s is part of a base that does not come from a registry", c.layer(i))
			case !anySelected(patterns, layer.Sources):
				c.violate("%s is part of a base from %s", c.layer(i), strings.Join(layer.Sources, ", "))
			}
		}
		return nil
	})
	return err
}

func (p *Policy) absent(globs []string) error {
	if len(globs) == 0 {
		return nil
	}
	patterns, err := parsePatterns("absent", globs)
	p.add("absent", true, func(c *checker) error {
		for _, e := range c.image.Files.Entries() {
			if slices.ContainsFunc(patterns, func(p tree.Pattern) bool { return p.Selects(e.Path, e.File.Kind == tree.Dir) }) {
				c.path(e.Path, e.Layer, "")
			}
		}
		return nil
	})
	return err
}

func (p *Policy) exists(paths []string) error {
	if len(paths) == 0 {
		return nil
	}
	p.add("exists", true, func(c *checker) error {
		for _, path := range paths {
			if _, err := c.image.Files.Find(path, false); err != nil && !c.exceptions.path(path) {
				c.violate("%s %s", path, c.missing())
			}
		}
		return nil
	})
	return nil
}

func parsePatterns(attribute string, globs []string) ([]tree.Pattern, error) {
	var all []tree.Pattern
	for _, glob := range globs {
		pattern, err := tree.ParsePattern(glob)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", attribute, glob, err)
		}
		all = append(all, pattern)
	}
	return all, nil
}

// selects reports whether a pattern selects a path that is not a directory.
func selects(patterns []tree.Pattern, path string) bool {
	return slices.ContainsFunc(patterns, func(p tree.Pattern) bool { return p.Selects(path, false) })
}

// anySelected reports whether a pattern selects one of the repositories.
func anySelected(patterns []tree.Pattern, repositories []string) bool {
	return slices.ContainsFunc(repositories, func(name string) bool { return selects(patterns, "/"+name) })
}
