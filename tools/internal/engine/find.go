package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/message"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// Auto selects the first usable engine: Docker, then Podman. It never selects containerd, which many machines run only
// because Docker needs it.
const Auto = "auto"

// ErrUnavailable is returned when no engine is installed and working.
var ErrUnavailable = errors.New("no usable container engine")

// kind is an engine and one of its command-line programs.
type kind struct {
	name    string
	program string
	// probe are the arguments with which the program prints the engine's platform. The call fails if the engine's daemon,
	// or anything else it needs, does not answer.
	probe []string
	// local means that the engine runs on the program's machine, and that probe does not print a platform.
	local bool
	// load are the arguments with which the program reads an archive from standard input.
	load []string
	// tag are the arguments that give an image, the first operand, further names. They are set if the engine uses the
	// layers in its own store only for an archive with one name.
	tag []string
	// untag are the arguments that remove a name. They are set if the image must not take the names of another before it
	// is complete, because the engine may then collect the layers that both have.
	untag []string
	// pull are the arguments with which the program reads an image from a directory, the operand. They are set if that is
	// faster than an archive. The probe then prints whether the engine is on another machine.
	pull []string
	// held finds out which layers the engine has. It may use inspect, the arguments with which the program describes
	// images.
	held    func(ctx context.Context, e *Engine, image *stack) holding
	inspect []string
	// run are the arguments that run a container with the program's standard input. runID means that the container's name
	// follows that of the image.
	run   []string
	runID bool
}

// kinds are the engines, in the order in which they are tried.
var kinds = []kind{
	{
		name: "docker", program: "docker", probe: []string{"version", "--format", "{{.Server.Os}}/{{.Server.Arch}}"},
		load: []string{"load"}, held: heldByImages, inspect: []string{"image", "inspect"}, run: interactive,
	},
	{
		name: "podman", program: "podman",
		probe: []string{"info", "--format", "{{.Host.OS}}/{{.Host.Arch}} {{.Host.ServiceIsRemote}}"},
		load:  []string{"load"}, tag: []string{"tag"}, pull: []string{"pull", "--quiet"}, held: heldByImages, inspect: []string{"image", "inspect"},
		run: interactive,
	},
	{
		name: "containerd", program: "ctr", probe: []string{"version"}, local: true,
		// The archive contains one image, which may be for another platform.
		load: []string{"images", "import", "--all-platforms", "-"}, tag: []string{"images", "tag", "--force"},
		untag: []string{"images", "rm"}, held: heldByStore, run: []string{"run", "--rm"}, runID: true,
	},
	{
		// Unlike ctr, it reaches a rootless containerd.
		name: "containerd", program: "nerdctl", probe: []string{"version", "--format", "{{.Client.Os}}/{{.Client.Arch}}"},
		load: []string{"load", "--all-platforms"}, held: heldByImages, inspect: []string{"image", "inspect", "--mode=native"},
		run: interactive,
	},
}

// interactive are the arguments with which most engines run a container that reads standard input.
var interactive = []string{"run", "--rm", "--interactive"}

// probeTime is how long an engine may take to answer.
const probeTime = 30 * time.Second

// Choice is the user's choice of an engine.
type Choice struct {
	// Name is "docker", "podman", "containerd" or Auto.
	Name string
	// Namespace is the containerd namespace to use. If it is empty, it is $CONTAINERD_NAMESPACE, or else "default".
	Namespace string
}

// Check returns an error unless Find accepts the choice.
func (c Choice) Check() error {
	known := []string{Auto}
	for _, kind := range kinds {
		known = append(known, kind.name)
	}
	known = slices.Compact(known)
	if !slices.Contains(known, c.Name) {
		return fmt.Errorf("engine %q: expected one of %s", c.Name, strings.Join(known, ", "))
	}
	if c.Namespace != "" && c.Name != "containerd" {
		return fmt.Errorf("namespace %q: only containerd has namespaces, and the engine is %s", c.Namespace, c.Name)
	}
	return nil
}

// Engine is a container engine that answers.
type Engine struct {
	// Name is "docker", "podman" or "containerd".
	Name string
	// Platform is the platform whose images the engine runs.
	Platform oci.Platform

	kind       kind
	readsFiles bool // the engine can read files of this machine
	path       string
	args       []string // before all others
}

// Find returns the chosen engine, or for Auto the first one that answers. An error that wraps ErrUnavailable lists what
// was tried and how it failed.
func Find(ctx context.Context, choice Choice) (*Engine, error) {
	var tried []string
	for _, kind := range kinds {
		if choice.Name != kind.name && (choice.Name != Auto || kind.name == "containerd") {
			continue
		}
		engine := &Engine{Name: kind.name, kind: kind}
		if choice.Namespace != "" {
			engine.args = []string{"--namespace=" + choice.Namespace}
		}
		err := engine.ask(ctx)
		if err == nil {
			return engine, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		tried = append(tried, kind.program+": "+err.Error())
	}
	return nil, message.Hint(fmt.Errorf("%w: %s", ErrUnavailable, strings.Join(tried, "; ")),
		"install Docker or Podman and start it (\"systemctl start docker\"), or name the engine with --engine or STRATA_ENGINE")
}

// ask finds the engine's program and gets the engine's platform from it.
func (e *Engine) ask(ctx context.Context) error {
	path, err := exec.LookPath(e.kind.program)
	if err != nil {
		return errors.New("not found on the PATH")
	}
	e.path = path
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := e.command(ctx, e.kind.probe...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("does not answer: %w%s", err, quote(stderr.String()))
	}
	if e.kind.local {
		e.Platform = oci.Platform{OS: runtime.GOOS, Architecture: runtime.GOARCH}
		return nil
	}
	return e.parseProbe(stdout.Bytes())
}

// command returns a call of the engine's program.
func (e *Engine) command(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, e.path, slices.Concat(e.args, args)...)
}
