package fit

import (
	"errors"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/image"
	"github.com/rules-strata/rules_strata/tools/internal/layer/shape"
	"github.com/rules-strata/rules_strata/tools/internal/message"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// Process is the part of a config that states what a container runs.
type Process struct {
	User            string
	Env             []string
	Entrypoint, Cmd []string

	os string // the operating system of the image
}

// command returns the command line.
func (p Process) command() []string { return slices.Concat(p.Entrypoint, p.Cmd) }

// search returns the directories in PATH.
func (p Process) search() []string {
	for _, entry := range p.Env {
		if value, ok := strings.CutPrefix(entry, "PATH="); ok && value != "" {
			return strings.Split(value, ":")
		}
	}
	return strings.Split(image.DefaultPath, ":") // that of engines
}

// ParseProcess reads the config of an image.
func ParseProcess(config []byte) (Process, error) {
	var parsed struct {
		OS     string  `json:"os"`
		Config Process `json:"config"`
	}
	err := oci.Unmarshal(config, &parsed)
	parsed.Config.os = parsed.OS
	return parsed.Config, err
}

// CheckProgram rejects an image whose program certainly cannot start, because its interpreter is missing.
func (p Process) CheckProgram(layers *shape.Shape) error {
	command := p.command()
	if len(command) == 0 {
		return nil
	}
	err := layers.Launch(command[0], p.search())
	if errors.Is(err, shape.ErrCannotStart) {
		return message.Hint(err, "use a base that has it, or add it in a layer; or set allow_missing_interpreter if it is mounted "+
			"when the container runs")
	}
	return err
}
