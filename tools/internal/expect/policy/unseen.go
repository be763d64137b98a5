package policy

import "strings"

// unseenRule is the name of the rule that a policy with rules about files or licenses has, too: there is no layer that they do not see.
const unseenRule = "unseen_layers"

func (p *Policy) unseen() error {
	if p.files || p.packages {
		p.add(unseenRule, false, unseenLayers)
	}
	return nil
}

// unseenLayers finds the layers whose bytes the build does not have: mostly those of locked bases, which it does not fetch.
func unseenLayers(c *checker) error {
	count := make(map[string]int)
	var sources [][]string
	for i, layer := range c.image.Layers {
		if c.seen(i) || c.exceptions.repository(layer.Sources) {
			continue
		}
		if len(layer.Sources) == 0 {
			c.violate("the build does not have %s, so rules do not see its files", c.layer(i))
			continue
		}
		key := strings.Join(layer.Sources, ", ")
		if count[key]++; count[key] == 1 {
			sources = append(sources, layer.Sources)
		}
	}
	for _, names := range sources {
		key := strings.Join(names, ", ")
		c.violate("the build does not fetch %d of %d layers, from %s, so rules do not see their files", count[key], len(c.image.Layers), key)
		if len(c.violations) == 1 {
			c.violations[0].Exception, c.violations[0].Exceptions = names[len(names)-1], "the repository or the target"
		}
	}
	return nil
}

// seen reports whether the build has the files of a layer.
func (c *checker) seen(i int) bool {
	_, ok := c.image.Listings.Header(c.image.Layers[i].Digest)
	return ok
}

// missing describes a path that no layer has, as far as the build knows.
func (c *checker) missing() string {
	for i := range c.image.Layers {
		if !c.seen(i) {
			return "is not in the layers that the build has"
		}
	}
	return "does not exist"
}
