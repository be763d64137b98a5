// Package license understands the licenses that metadata of packages names, as SPDX license expressions.
//
// Package managers name licenses in their own ways: "GPL-2+" in Debian, "Apache Software License" in Python. Parse turns what is
// known into identifiers of the SPDX license list (licenses.txt and exceptions.txt, version 3.28.0), and everything else into a
// LicenseRef, so that a name is never lost and an expression is always valid (SPDX 2.3, annex D).
//
// Non-goals: texts of licenses, and legal advice: a name that could mean several licenses, like "BSD", stays a LicenseRef.
package license

import (
	"cmp"
	"slices"
	"strings"
)

// Expression is a license expression. The zero value means that nothing is known.
type Expression struct{ root *node }

// Parse returns the expression for names of licenses that all apply. Each name may itself be an expression.
func Parse(names []string) Expression {
	all := &node{op: and}
	for _, name := range names {
		if name = strings.Join(strings.Fields(name), " "); !isUnknown(name) {
			all.add(parseName(name))
		}
	}
	slices.SortFunc(all.nodes, func(a, b *node) int { return cmp.Compare(a.String(), b.String()) })
	all.nodes = slices.CompactFunc(all.nodes, func(a, b *node) bool { return a.String() == b.String() })
	return Expression{all.simple()}
}

// isUnknown reports whether a package manager writes the name if it knows no license.
func isUnknown(name string) bool {
	switch upper := strings.ToUpper(name); upper {
	case "", "NOASSERTION", "NONE", "UNKNOWN", "N/A":
		return true
	default:
		return strings.HasPrefix(upper, "SEE LICENSE IN ") // npm: the name of a file
	}
}

// String returns the expression, or "" if nothing is known.
func (e Expression) String() string {
	if e.root == nil {
		return ""
	}
	return e.root.String()
}

// References returns the LicenseRefs of the expression with the names that they stand for.
func (e Expression) References() map[string]string {
	found := make(map[string]string)
	e.root.walk(func(n *node) {
		if n.name != "" {
			found[n.id] = n.name
		}
	})
	return found
}

// Allowed reports whether the licenses in allowed suffice to use a package: all of those that are joined by AND, one of those
// that are joined by OR. An exception only adds permissions, so a license with one is allowed if the license is. An unknown
// license is not allowed. allowed has identifiers, LicenseRefs and license names with exceptions; case does not matter.
func (e Expression) Allowed(allowed []string) bool {
	set := make(map[string]bool)
	for _, id := range allowed {
		set[strings.ToLower(Parse([]string{id}).String())] = true
	}
	return e.root != nil && e.root.allowed(set)
}
