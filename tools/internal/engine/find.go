package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// Auto stands for the first engine that can be used: Docker, then Podman.
const Auto = "auto"

// ErrUnavailable tells that an engine is not there or not able to work.
var ErrUnavailable = errors.New("no container engine can be used")

// probes are the engines, in the order in which Auto tries them, and the arguments that make each print its platform.
// They fail where the engine's daemon, or whatever it needs, does not answer.
var probes = []struct {
	name string
	args []string
}{
	{"docker", []string{"version", "--format", "{{.Server.Os}}/{{.Server.Arch}}"}},
	{"podman", []string{"info", "--format", "{{.Host.OS}}/{{.Host.Arch}}"}},
}

// probeTime is how long an engine may take to answer.
const probeTime = 30 * time.Second

// Engine is a container engine that answers.
type Engine struct {
	// Name is the engine's program: "docker" or "podman".
	Name string
	// Platform is what the engine runs images for.
	Platform oci.Platform

	path string
}

// Check returns an error unless name is one that Find knows.
func Check(name string) error {
	known := []string{Auto}
	for _, probe := range probes {
		known = append(known, probe.name)
	}
	for _, k := range known {
		if name == k {
			return nil
		}
	}
	return fmt.Errorf("engine %q: expected one of %s", name, strings.Join(known, ", "))
}

// Find returns the engine that name says, or for Auto the first that answers. An error that wraps ErrUnavailable says
// what was tried and what came of it.
func Find(ctx context.Context, name string) (*Engine, error) {
	var tried []string
	for _, probe := range probes {
		if name != probe.name && name != Auto {
			continue
		}
		engine, err := ask(ctx, probe.name, probe.args)
		if err == nil {
			return engine, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		tried = append(tried, probe.name+": "+err.Error())
	}
	return nil, fmt.Errorf("%w: %s", ErrUnavailable, strings.Join(tried, "; "))
}

func ask(ctx context.Context, name string, args []string) (*Engine, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, errors.New("not found on the PATH")
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("does not answer: %w%s", err, quote(stderr.String()))
	}
	platform, err := oci.ParsePlatform(strings.TrimSpace(stdout.String()))
	if err != nil {
		return nil, fmt.Errorf("does not tell its %w", err)
	}
	return &Engine{Name: name, Platform: platform, path: path}, nil
}
