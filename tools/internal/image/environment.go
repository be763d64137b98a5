package image

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Environment is a change of the environment variables that an image runs with. The zero value changes nothing.
type Environment struct {
	// Path has absolute directories that go in front of PATH, the first one first.
	Path []string
	// Variables replace those of the layers below and of the base.
	Variables map[string]string
}

// DefaultPath is the PATH that engines set for an image without one.
const DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// apply applies the environment of a layer.
func (c *config) apply(e Environment) error {
	if err := c.setVariables(e.Variables); err != nil {
		return err
	}
	if len(e.Path) == 0 {
		return nil
	}
	for _, dir := range e.Path {
		if err := c.checkPath(dir); err != nil {
			return err
		}
		if strings.Contains(dir, ":") {
			return fmt.Errorf("directory %q: a colon separates the directories in PATH", dir)
		}
	}
	path, ok := c.variable("PATH")
	if !ok {
		path = DefaultPath
	}
	return c.setVariable("PATH", strings.TrimSuffix(strings.Join(e.Path, ":")+":"+path, ":"))
}

// variable returns the value of a variable. If it occurs several times, the first one wins, as in setVariable.
func (c *config) variable(name string) (value string, ok bool) {
	for _, entry := range c.run.Env {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value, true
		}
	}
	return "", false
}

// editEnv applies the variables that the settings state. References see only what is below the settings, so that the order
// of variables has no meaning.
func (c *config) editEnv(s Settings) error {
	variables, err := c.expandEnv(s.Env)
	if err != nil {
		return err
	}
	return c.setVariables(variables)
}

func (c *config) setVariables(variables map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		if err := c.setVariable(name, variables[name]); err != nil {
			return err
		}
	}
	return nil
}

// setVariable overrides a variable in place, at the first of its occurrences, or appends a new one.
func (c *config) setVariable(name, value string) error {
	if name == "" || strings.ContainsAny(name, "=\x00") {
		return fmt.Errorf("invalid variable name %q: it must not be empty or contain \"=\" or a NUL byte", name)
	}
	if strings.ContainsRune(value, 0) {
		return fmt.Errorf("value of %s contains a NUL byte", name)
	}
	at := slices.IndexFunc(c.run.Env, sets(name))
	if at < 0 {
		at = len(c.run.Env)
	}
	rest := slices.DeleteFunc(slices.Clone(c.run.Env[at:]), sets(name))
	c.run.Env = slices.Concat(c.run.Env[:at], []string{name + "=" + value}, rest)
	return nil
}

// sets returns a function that reports whether an entry of Env is for the variable.
func sets(name string) func(entry string) bool {
	return func(entry string) bool { return entry == name || strings.HasPrefix(entry, name+"=") }
}
