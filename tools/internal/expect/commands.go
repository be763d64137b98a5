package expect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/expect/container"
	"github.com/rules-strata/rules_strata/tools/internal/expect/structure"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// CanRun reports whether commands of images for a platform can run: on this machine, or in the engine.
func (o Options) CanRun(p oci.Platform) bool {
	on := oci.Platform{OS: runtime.GOOS, Architecture: runtime.GOARCH}
	if o.Engine != nil {
		on = o.Engine.Platform
	}
	return p.OS == "linux" && on.OS == "linux" &&
		(p.Architecture == on.Architecture || p.Architecture == "386" && on.Architecture == "amd64")
}

// commands runs the tests of commands.
func (r *run) commands(ctx context.Context) error {
	if len(r.file.Commands) == 0 {
		return nil
	}
	for _, test := range r.file.Commands {
		result := r.start(test.Line, "command", test.Name)
		if problem := r.cannotRun(); problem != "" {
			result.add("%s", problem)
			continue
		}
		if err := r.command(ctx, result, test); err != nil {
			return err
		}
	}
	return nil
}

// cannotRun explains why no command of the image can run as the file requires, or is empty.
func (r *run) cannotRun() string {
	o := r.file.Options
	switch {
	case !r.image.options.CanRun(r.image.Platform):
		return fmt.Sprintf("the image is for %s, which %s cannot run", oci.FormatPlatform(r.image.Platform), r.image.options.where())
	case r.image.options.Engine == nil && (o.Privileged || o.TTY || o.EnvFile != "" || len(o.Capabilities)+len(o.Mounts) > 0):
		return fmt.Sprintf("containerRunOptions (line %d): only user and envVars are possible without an engine", o.Line)
	}
	return ""
}

// where names the machine that runs commands.
func (o Options) where() string {
	if o.Engine != nil {
		return fmt.Sprintf("%s (%s)", o.Engine.Name, oci.FormatPlatform(o.Engine.Platform))
	}
	return fmt.Sprintf("this machine (%s/%s)", runtime.GOOS, runtime.GOARCH)
}

// command runs one test, in a new container.
func (r *run) command(ctx context.Context, result *Result, test structure.Command) (err error) {
	m, err := r.image.machine(ctx)
	if err != nil {
		return err
	}
	c, err := m.container(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	p := process{env: r.variables(test.Env), options: r.file.Options, more: true}
	for _, p.args = range test.Setup {
		if _, err := c.run(ctx, p); err != nil {
			result.add("setup: %s", describe(err))
			return ctx.Err()
		}
	}
	p.more, p.args = false, make([]string, len(test.Args))
	for i, arg := range test.Args {
		p.args[i] = r.expand(arg)
	}
	outcome, err := c.run(ctx, p)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		result.add("%s", describe(err))
		return nil
	}
	search(result, "standard output", outcome.Stdout, test.Output)
	search(result, "standard error", outcome.Stderr, test.Error)
	if outcome.ExitCode != test.ExitCode {
		result.add("the exit code is %d, expected %d", outcome.ExitCode, test.ExitCode)
	}
	if len(result.Problems) > 0 {
		result.add("standard output: %s", excerpt(outcome.Stdout))
		result.add("standard error: %s", excerpt(outcome.Stderr))
	}
	return nil
}

// variables returns the variables of commands in addition to those of the image.
func (r *run) variables(env []structure.Variable) []string {
	var all []string
	for _, v := range r.file.Globals {
		all = append(all, v.Key+"="+r.env[v.Key])
	}
	for _, text := range r.file.Options.Env {
		name, value, isSet := strings.Cut(text, "=")
		if !isSet {
			value = os.Getenv(name)
		}
		all = append(all, name+"="+value)
	}
	for _, v := range env {
		all = append(all, v.Key+"="+v.Value)
	}
	return all
}

// describe explains why a command did not run.
func describe(err error) string {
	if errors.Is(err, container.ErrUnavailable) && errors.Is(err, fs.ErrPermission) {
		return err.Error() + " (user namespaces are not permitted; see docs/image-tests.md)"
	}
	return err.Error()
}

// excerpt returns the end of a text.
func excerpt(text []byte) string {
	const most = 2000
	if len(text) > most {
		return fmt.Sprintf("... %q", text[len(text)-most:])
	}
	return fmt.Sprintf("%q", text)
}
