package image

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// unset drops single variables and labels of the base. One that the base does not have is an error: the name may be
// misspelled, and the value to drop would stay.
func (c *config) unset(s Settings) error {
	for _, name := range s.UnsetEnv {
		if !slices.ContainsFunc(c.run.Env, sets(name)) {
			return notInBase("unset_env", "variable", name, c.variableNames())
		}
	}
	for _, key := range s.UnsetLabels {
		if _, ok := c.run.Labels[key]; !ok {
			return notInBase("unset_labels", "label", key, slices.Sorted(maps.Keys(c.run.Labels)))
		}
	}
	for _, name := range s.UnsetEnv {
		c.run.Env = slices.DeleteFunc(c.run.Env, sets(name))
	}
	for _, key := range s.UnsetLabels {
		delete(c.run.Labels, key)
	}
	return nil
}

// variableNames returns the names of all variables, in their order.
func (c *config) variableNames() []string {
	var all []string
	for _, entry := range c.run.Env {
		name, _, _ := strings.Cut(entry, "=")
		all = append(all, name)
	}
	return all
}

func notInBase(setting, kind, name string, known []string) error {
	list := strings.Join(known, ", ")
	if list == "" {
		list = "none"
	}
	return fmt.Errorf("%s: the base has no %s %q; available: %s", setting, kind, name, list)
}
