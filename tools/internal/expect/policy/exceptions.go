package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// exceptions are what a rule does not apply to.
type exceptions struct {
	paths        []tree.Pattern
	labels       []string // of targets, or "PACKAGE/..."
	pkgs         []string // package URLs, with or without a version
	repositories []tree.Pattern
}

// exceptions parses the exceptions.
func (p *Policy) exceptions(allow map[string][]string) error {
	known := []string{}
	for _, c := range p.checks {
		known = append(known, c.name)
	}
	for _, rule := range slices.Sorted(maps.Keys(allow)) {
		if !slices.Contains(known, rule) {
			return fmt.Errorf("allow: the policy has no rule %q, only %s", rule, strings.Join(known, ", "))
		}
		var e exceptions
		for _, text := range allow[rule] {
			switch {
			case strings.HasPrefix(text, "//"), strings.HasPrefix(text, "@"):
				e.labels = append(e.labels, text)
			case rule == unseenRule && strings.HasPrefix(text, "/"):
				return fmt.Errorf("allow: %s: %q: expected a repository like docker.io/library/debian or a label", rule, text)
			case rule == unseenRule:
				patterns, err := parsePatterns("allow: "+rule, []string{text})
				if err != nil {
					return err
				}
				e.repositories = append(e.repositories, patterns...)
			case strings.HasPrefix(text, "/"), strings.HasPrefix(text, "**/"):
				patterns, err := parsePatterns("allow: "+rule, []string{text})
				if err != nil {
					return err
				}
				e.paths = append(e.paths, patterns...)
			case rule == licensesRule && strings.HasPrefix(text, "pkg:"):
				e.pkgs = append(e.pkgs, text)
			case rule == licensesRule:
				return fmt.Errorf("allow: %s: %q: expected a package URL like pkg:deb/debian/bash, a path or a label", rule, text)
			default:
				return fmt.Errorf("allow: %s: %q: expected a path like /usr/bin/su or a label like //pkg/... or //pkg:image", rule, text)
			}
		}
		p.allow[rule] = e
	}
	return nil
}

// target reports whether the rule does not apply to a target.
func (e exceptions) target(label string) bool {
	return slices.ContainsFunc(e.labels, func(text string) bool {
		pkg, all := strings.CutSuffix(text, "/...")
		switch {
		case !all:
			return text == label
		case strings.HasSuffix(pkg, "/"): // "//..."
			return strings.HasPrefix(label, pkg+"/")
		}
		return strings.HasPrefix(label, pkg+":") || strings.HasPrefix(label, pkg+"/")
	})
}

// path reports whether the rule does not apply to a path.
func (e exceptions) path(path string) bool { return selects(e.paths, path) }

// repository reports whether the rule does not apply to a base from one of the repositories.
func (e exceptions) repository(names []string) bool { return anySelected(e.repositories, names) }

// pkg reports whether the rule does not apply to a package.
func (e exceptions) pkg(purl string) bool {
	return slices.ContainsFunc(e.pkgs, func(text string) bool {
		rest, ok := strings.CutPrefix(purl, text)
		return ok && (rest == "" || rest[0] == '@' || rest[0] == '?')
	})
}
