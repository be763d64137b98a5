package image

import "fmt"

// Program states how the image runs a program, unless the settings do.
type Program struct {
	// Path is the default of Entrypoint.
	Path string `json:"path"`
	// Args is the default of Cmd, if Entrypoint has its default.
	Args []string `json:"args"`
	// Env are variables above those of the base and the layers, and below the settings. Values are literal.
	Env map[string]string `json:"env"`
}

// applyProgram adds the program's defaults to s, and applies its environment.
func (c *config) applyProgram(s *Settings) error {
	p := s.Program
	if p == nil {
		return nil
	}
	if err := c.checkPath(p.Path); err != nil {
		return fmt.Errorf("program: %w", err)
	}
	if s.Entrypoint == nil {
		s.Entrypoint = []string{p.Path}
		if s.Cmd == nil {
			s.Cmd = p.Args
		}
	}
	if err := c.setVariables(p.Env); err != nil {
		return fmt.Errorf("environment of %s: %w", p.Path, err)
	}
	return nil
}
