package policy

import (
	"fmt"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/facts/sbom"
)

// licensesRule is the name of the rule about licenses, whose exceptions may be packages.
const licensesRule = "allowed_licenses"

// NeedPackages reports whether a rule needs the packages of an image.
func (p *Policy) NeedPackages() bool { return p.packages }

func (p *Policy) licenses(allowed []string) error {
	if len(allowed) == 0 {
		return nil
	}
	for _, name := range allowed {
		if strings.Contains(name, " AND ") || strings.Contains(name, " OR ") {
			return fmt.Errorf("%s: %q: expected a single license; list each one", licensesRule, name)
		}
	}
	p.add(licensesRule, false, func(c *checker) error {
		for _, component := range c.image.Packages.Disallowed(allowed) {
			c.license(component)
		}
		for _, file := range c.image.Packages.Unread {
			if !c.excepted(file.Place) {
				c.violate("the packages of %s are unknown: %s", c.place(file.Place), oneLine(file.Text))
			}
		}
		return nil
	})
	p.packages = true
	return nil
}

// license adds a violation by a package, unless the policy allows the package, or each file or target that brings it.
func (c *checker) license(p sbom.Component) {
	excepted := c.exceptions.pkg(p.PURL)
	var places []string
	if !excepted {
		excepted = true
		for _, place := range p.Places {
			if !c.excepted(place) {
				excepted = false
				places = append(places, c.place(place))
			}
		}
	}
	if excepted {
		return
	}
	name, _, _ := strings.Cut(p.PURL, "@")
	terms := "no known license"
	if p.License != "" {
		terms = "license " + p.License
	}
	c.violate("%s %s (%s, %s)", name, p.Version, terms, strings.Join(places, "; "))
	if len(c.violations) == 1 {
		c.violations[0].Exception, c.violations[0].Exceptions = name, "the package, the path or the target"
	}
}

// excepted reports whether the policy allows what is in a place.
func (c *checker) excepted(p sbom.Place) bool {
	return c.exceptions.path(p.Path) || c.exceptions.target(p.Label)
}

// place describes where a package is.
func (c *checker) place(p sbom.Place) string {
	text := oneLine(p.Path)
	for i, layer := range c.image.Layers {
		if layer.Digest == p.Layer {
			text += ", " + c.layer(i)
			break
		}
	}
	if p.Label != "" {
		text += " of " + p.Label
	}
	return text
}
