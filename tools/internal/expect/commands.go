package expect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/expect/container"
	"github.com/rules-strata/rules_strata/tools/internal/expect/structure"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/bootable"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/guest"
)

// CanRun reports whether this machine can run commands of images for a platform.
func CanRun(p oci.Platform) bool {
	architectures := []string{runtime.GOARCH}
	if runtime.GOARCH == "amd64" {
		architectures = append(architectures, "386")
	}
	return p.OS == "linux" && runtime.GOOS == "linux" && slices.Contains(architectures, p.Architecture)
}

// commands runs the tests of commands.
func (r *run) commands(ctx context.Context) error {
	if len(r.file.Commands) == 0 {
		return nil
	}
	accounts, err := bootable.Accounts(ctx, r.image.Files)
	if err != nil {
		return err
	}
	for _, test := range r.file.Commands {
		result := r.start(test.Line, "command", test.Name)
		if problem := r.cannotRun(); problem != "" {
			result.add("%s", problem)
			continue
		}
		if err := r.command(ctx, result, test, accounts); err != nil {
			return err
		}
	}
	return nil
}

// cannotRun explains why no command of the image can run as the file requires, or is empty.
func (r *run) cannotRun() string {
	o := r.file.Options
	switch {
	case !CanRun(r.image.Platform):
		return fmt.Sprintf("the image is for %s, which this machine (%s/%s) cannot run",
			oci.FormatPlatform(r.image.Platform), runtime.GOOS, runtime.GOARCH)
	case o.Privileged || o.TTY || o.EnvFile != "" || len(o.Capabilities)+len(o.Mounts) > 0:
		return fmt.Sprintf("containerRunOptions (line %d): only user and envVars are possible without an engine", o.Line)
	}
	return ""
}

// command runs one test, in a new container.
func (r *run) command(ctx context.Context, result *Result, test structure.Command, accounts guest.Accounts) error {
	if r.image.unpacked == nil {
		var err error
		if r.image.unpacked, err = container.New(ctx, r.image.Files, r.image.scratch); err != nil {
			return err
		}
	}
	c, err := r.image.unpacked.Container()
	if err != nil {
		return err
	}
	defer c.Close()
	for _, args := range test.Setup {
		if _, err := r.process(ctx, c, args, test.Env, accounts); err != nil {
			result.add("setup: %s", describe(err))
			return nil
		}
	}
	args := make([]string, len(test.Args))
	for i, arg := range test.Args {
		args[i] = r.expand(arg)
	}
	outcome, err := r.process(ctx, c, args, test.Env, accounts)
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

// process runs one command in a container.
func (r *run) process(
	ctx context.Context, c *container.Container, args []string, env []structure.Variable, accounts guest.Accounts,
) (container.Outcome, error) {
	config := guest.Config{
		Cmd: args, Env: slices.Clone(r.image.Config.Env), User: r.image.Config.User, WorkingDir: r.image.Config.WorkingDir,
	}
	if r.file.Options.User != "" {
		config.User = r.file.Options.User
	}
	set := func(name, value string) {
		config.Env = slices.DeleteFunc(config.Env, func(v string) bool { return strings.HasPrefix(v, name+"=") })
		config.Env = append(config.Env, name+"="+value)
	}
	for _, v := range r.file.Globals {
		set(v.Key, r.env[v.Key])
	}
	for _, text := range r.file.Options.Env {
		name, value, isSet := strings.Cut(text, "=")
		if !isSet {
			value = os.Getenv(name)
		}
		set(name, value)
	}
	for _, v := range env {
		set(v.Key, v.Value)
	}
	run, err := guest.Resolve(config, accounts)
	if err != nil {
		return container.Outcome{}, err
	}
	return c.Run(ctx, container.Process{
		Args: run.Args, Env: run.Env, Dir: run.Dir, UID: run.UID, GID: run.GID,
	})
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
