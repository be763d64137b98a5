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

// Auto stands for the first engine that can be used: Docker, then Podman. It never is containerd, which runs on many a
// machine for Docker's sake alone.
const Auto = "auto"

// ErrUnavailable tells that an engine is not there or not able to work.
var ErrUnavailable = errors.New("no container engine can be used")

// kind is one engine, and one program that speaks for it.
type kind struct {
	name    string
	program string
	// probe are the arguments that make the program print the engine's platform. They fail where the engine's daemon,
	// or whatever it needs, does not answer.
	probe []string
	// local tells that the engine runs where its program runs, and that probe does not print a platform.
	local bool
	// load are the arguments that make the program read an archive from standard input.
	load []string
	// tag are the arguments that give an image, the first operand, further names. They are there if the engine looks into
	// its own store only for an archive with one name.
	tag []string
	// held asks which layers the engine has. It may use inspect, the arguments that make the program tell of images.
	held    func(ctx context.Context, e *Engine, image *stack) holding
	inspect []string
}

// kinds are the engines, in the order in which they are tried.
var kinds = []kind{
	{
		name: "docker", program: "docker", probe: []string{"version", "--format", "{{.Server.Os}}/{{.Server.Arch}}"},
		load: []string{"load"}, held: heldByImages, inspect: []string{"image", "inspect"},
	},
	{
		name: "podman", program: "podman", probe: []string{"info", "--format", "{{.Host.OS}}/{{.Host.Arch}}"},
		load: []string{"load"}, tag: []string{"tag"}, held: heldByImages, inspect: []string{"image", "inspect"},
	},
	{
		name: "containerd", program: "ctr", probe: []string{"version"}, local: true,
		// The archive holds one image, which may be for another platform than this one.
		load: []string{"images", "import", "--all-platforms", "-"}, held: heldByStore,
	},
	{
		// It reaches a containerd without root's rights, and ctr does not.
		name: "containerd", program: "nerdctl", probe: []string{"version", "--format", "{{.Client.Os}}/{{.Client.Arch}}"},
		load: []string{"load", "--all-platforms"}, held: heldByImages, inspect: []string{"image", "inspect", "--mode=native"},
	},
}

// probeTime is how long an engine may take to answer.
const probeTime = 30 * time.Second

// Choice is the user's choice of an engine.
type Choice struct {
	// Name is "docker", "podman", "containerd" or Auto.
	Name string
	// Namespace is the one of containerd's to use. Empty is the one that $CONTAINERD_NAMESPACE names, or else
	// "default".
	Namespace string
}

// Check returns an error unless the choice is one that Find understands.
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
	// Platform is what the engine runs images for.
	Platform oci.Platform

	kind kind
	path string
	args []string // before all others
}

// Find returns the engine that is chosen, or for Auto the first that answers. An error that wraps ErrUnavailable says
// what was tried and what came of it.
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

// ask finds the engine's program and asks it for the engine's platform.
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
	e.Platform, err = oci.ParsePlatform(strings.TrimSpace(stdout.String()))
	if err != nil {
		return fmt.Errorf("does not tell its %w", err)
	}
	return nil
}

// command returns a call of the engine's program.
func (e *Engine) command(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, e.path, slices.Concat(e.args, args)...)
}
