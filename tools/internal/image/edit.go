package image

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

// signal matches a signal's name or number, as Docker and Podman accept it.
var signal = pattern.New(`^([0-9]{1,3}|[A-Z][A-Z0-9]*([+-][0-9]{1,2})?)$`)

// drivePath matches the start of an absolute path on Windows.
var drivePath = pattern.New(`^([A-Za-z]:)?[\\/]`)

// edit applies all settings except the platform, which must be set already.
func (c *config) edit(s Settings) error {
	edits := []struct {
		name  string
		apply func(Settings) error
	}{
		{"created", c.editCreated},
		{"user", c.editUser},
		{"workdir", c.editWorkdir},
		{"stop_signal", c.editStopSignal},
		{"entrypoint", c.editEntrypoint},
		{"cmd", c.editCmd},
		{"append_entrypoint", c.appendEntrypoint},
		{"append_cmd", c.appendCmd},
		{"shell", c.editShell},
		{"exposed_ports", c.editPorts},
		{"volumes", c.editVolumes},
		{"env", c.editEnv},
		{"labels", c.editLabels},
	}
	assign(&c.author, s.Author)
	for _, e := range edits {
		if err := e.apply(s); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	return c.editHealthcheck(s)
}

func (c *config) editCreated(s Settings) (err error) {
	c.created = epoch
	if s.Created != nil {
		c.created, err = ParseTime(*s.Created)
	}
	return err
}

func (c *config) editUser(s Settings) error {
	assign(&c.run.User, s.User)
	if s.User != nil && (strings.Count(*s.User, ":") > 1 || strings.ContainsFunc(*s.User, unicode.IsControl)) {
		return fmt.Errorf("%q is not USER or USER:GROUP", *s.User)
	}
	return nil
}

func (c *config) editWorkdir(s Settings) error {
	assign(&c.run.WorkingDir, s.Workdir)
	if s.Workdir == nil || *s.Workdir == "" {
		return nil
	}
	return c.checkPath(*s.Workdir)
}

func (c *config) editStopSignal(s Settings) error {
	assign(&c.run.StopSignal, s.StopSignal)
	if s.StopSignal != nil && *s.StopSignal != "" && !signal().MatchString(*s.StopSignal) {
		return fmt.Errorf("%q is not a signal's name or number, such as SIGTERM, SIGRTMIN+3 or 15", *s.StopSignal)
	}
	return nil
}

func (c *config) editEntrypoint(s Settings) error {
	if s.Entrypoint != nil {
		c.run.Entrypoint, c.run.Cmd = s.Entrypoint, nil
		delete(c.runExtra, argsEscapedKey)
	}
	return checkArgs(s.Entrypoint)
}

func (c *config) editCmd(s Settings) error {
	if s.Cmd != nil {
		c.run.Cmd = s.Cmd
		delete(c.runExtra, argsEscapedKey)
	}
	return checkArgs(s.Cmd)
}

func (c *config) appendEntrypoint(s Settings) error {
	switch {
	case s.AppendEntrypoint == nil:
		return nil
	case s.Entrypoint != nil:
		return errors.New("entrypoint is set, too; add the arguments there")
	case len(c.run.Entrypoint) == 0:
		return errors.New("the base has no entrypoint; set entrypoint")
	}
	c.run.Entrypoint = slices.Concat(c.run.Entrypoint, s.AppendEntrypoint)
	return c.checkAppended(s.AppendEntrypoint)
}

func (c *config) appendCmd(s Settings) error {
	switch {
	case s.AppendCmd == nil:
		return nil
	case s.Cmd != nil:
		return errors.New("cmd is set, too; add the arguments there")
	case s.Entrypoint != nil:
		return errors.New("entrypoint is set, which drops the base's cmd; set cmd")
	case len(c.run.Entrypoint)+len(c.run.Cmd) == 0:
		return errors.New("the base has neither an entrypoint nor a cmd; set cmd")
	}
	c.run.Cmd = slices.Concat(c.run.Cmd, s.AppendCmd)
	return c.checkAppended(s.AppendCmd)
}

// checkAppended rejects arguments that cannot follow those of the base.
func (c *config) checkAppended(args []string) error {
	if string(c.runExtra[argsEscapedKey]) == "true" {
		return fmt.Errorf("the base's arguments are one quoted command line (%s); set entrypoint and cmd", argsEscapedKey)
	}
	return checkArgs(args)
}

func (c *config) editShell(s Settings) error {
	if s.Shell == nil {
		return nil
	}
	if len(s.Shell) == 0 {
		delete(c.runExtra, shellKey)
		return nil
	}
	if err := checkArgs(s.Shell); err != nil {
		return err
	}
	return c.setExtra(shellKey, s.Shell)
}

func (c *config) editPorts(s Settings) error {
	for _, text := range s.ExposedPorts {
		port, err := parsePort(text)
		if err != nil {
			return err
		}
		add(&c.run.ExposedPorts, port, struct{}{})
	}
	return nil
}

func (c *config) editVolumes(s Settings) error {
	for _, path := range s.Volumes {
		if err := c.checkPath(path); err != nil {
			return err
		}
		add(&c.run.Volumes, path, struct{}{})
	}
	return nil
}

func (c *config) editLabels(s Settings) error {
	for key, value := range s.Labels {
		if key == "" {
			return fmt.Errorf("empty label name for the value %q", value)
		}
		add(&c.run.Labels, key, value)
	}
	return nil
}

// checkPath rejects paths that are not absolute on the image's operating system.
func (c *config) checkPath(path string) error {
	absolute := strings.HasPrefix(path, "/")
	if c.platform.OS == "windows" {
		absolute = drivePath().MatchString(path)
	}
	if !absolute {
		return fmt.Errorf("%q is not an absolute path", path)
	}
	if strings.ContainsFunc(path, unicode.IsControl) {
		return fmt.Errorf("%q contains a control character", path)
	}
	return nil
}

// setExtra sets a key that image-spec does not define.
func (c *config) setExtra(key string, value any) error {
	raw, err := oci.Marshal(value)
	c.runExtra[key] = raw
	return err
}

// add puts a key into a map that may not exist yet.
func add[V any](m *map[string]V, key string, value V) {
	if *m == nil {
		*m = make(map[string]V)
	}
	(*m)[key] = value
}
