package expect

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/engine"
	"github.com/rules-strata/rules_strata/tools/internal/expect/container"
	"github.com/rules-strata/rules_strata/tools/internal/expect/structure"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/bootable"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/guest"
)

// machine runs commands of an image. It must be closed.
type machine interface {
	// container makes a new container. It must be closed.
	container(ctx context.Context) (session, error)
	Close() error
}

// session is a container, in which commands run one after the other.
type session interface {
	run(ctx context.Context, p process) (container.Outcome, error)
	Close() error
}

// process is a command.
type process struct {
	args []string
	// env are variables, NAME=VALUE, in addition to those of the image. The last one of a name wins.
	env     []string
	options structure.Options
	// more reports whether another command needs the files that this one leaves.
	more bool
}

// machine returns what runs the commands of an image.
func (i *Image) machine(ctx context.Context) (machine, error) {
	if i.running != nil {
		return i.running, nil
	}
	var err error
	if i.options.Engine != nil {
		i.running, err = newEngineMachine(ctx, i)
	} else {
		i.running, err = newRootless(ctx, i)
	}
	return i.running, err
}

// rootless runs commands without an engine.
type rootless struct {
	image    *Image
	unpacked *container.Image
	accounts guest.Accounts
}

func newRootless(ctx context.Context, i *Image) (machine, error) {
	accounts, err := bootable.Accounts(ctx, i.Files)
	if err != nil {
		return nil, err
	}
	unpacked, err := container.New(ctx, i.Files, i.options.Scratch)
	if err != nil {
		return nil, err
	}
	return &rootless{i, unpacked, accounts}, nil
}

func (m *rootless) container(context.Context) (session, error) {
	c, err := m.unpacked.Container()
	return rootlessSession{m, c}, err
}

// Close removes the files.
func (m *rootless) Close() error { return m.unpacked.Close() }

type rootlessSession struct {
	*rootless
	files *container.Container
}

func (s rootlessSession) run(ctx context.Context, p process) (container.Outcome, error) {
	of := s.image.Config
	config := guest.Config{Cmd: p.args, Env: slices.Clone(of.Env), User: of.User, WorkingDir: of.WorkingDir}
	if p.options.User != "" {
		config.User = p.options.User
	}
	for _, variable := range p.env {
		name, _, _ := strings.Cut(variable, "=")
		config.Env = slices.DeleteFunc(config.Env, func(v string) bool { return strings.HasPrefix(v, name+"=") })
		config.Env = append(config.Env, variable)
	}
	run, err := guest.Resolve(config, s.accounts)
	if err != nil {
		return container.Outcome{}, err
	}
	return s.files.Run(ctx, container.Process{Args: run.Args, Env: run.Env, Dir: run.Dir, UID: run.UID, GID: run.GID})
}

// Close removes the files.
func (s rootlessSession) Close() error { return s.files.Close() }

// engineMachine runs commands in an engine that has the image under a name that nothing else uses.
type engineMachine struct {
	*engine.Engine
	name reference.Reference
	made int // number of images that commands left
}

func newEngineMachine(ctx context.Context, i *Image) (machine, error) {
	name, err := reference.Parse("localhost/rules_strata/image_test:" + strings.ToLower(rand.Text()))
	if err != nil {
		return nil, err
	}
	image := engine.Image{Source: i.source, Root: i.descriptor, Names: []reference.Reference{name}}
	if err := i.options.Engine.Load(ctx, image, func(engine.Plan) {}); err != nil {
		return nil, err
	}
	return &engineMachine{Engine: i.options.Engine, name: name}, nil
}

func (m *engineMachine) container(ctx context.Context) (session, error) {
	return &engineSession{machine: m, ctx: ctx, names: []reference.Reference{m.name}}, nil
}

// number returns another number each time.
func (m *engineMachine) number() int {
	m.made++
	return m.made
}

// Close removes the image.
func (m *engineMachine) Close() error { return m.Remove(context.Background(), m.name) }

// engineSession runs each command in a new container of the image that the one before it left.
type engineSession struct {
	machine *engineMachine
	ctx     context.Context // of Close, which only removes
	names   []reference.Reference
}

func (s *engineSession) run(ctx context.Context, p process) (container.Outcome, error) {
	c := engine.Container{Image: s.names[len(s.names)-1], Flags: engineFlags(p), Args: p.args}
	if p.more {
		next := s.machine.name
		next.Tag = fmt.Sprintf("%s-%d", next.Tag, s.machine.number())
		c.Keep = &next
		s.names = append(s.names, next)
	}
	outcome, err := s.machine.Execute(ctx, c)
	return container.Outcome(outcome), err
}

// engineFlags returns the flags of "docker create".
func engineFlags(p process) []string {
	var flags []string
	add := func(name string, values ...string) {
		for _, value := range values {
			if value != "" {
				flags = append(flags, "--"+name+"="+value)
			}
		}
	}
	add("env", p.env...)
	o := p.options
	add("user", o.User)
	add("env-file", o.EnvFile)
	add("cap-add", o.Capabilities...)
	add("volume", o.Mounts...)
	if o.Privileged {
		flags = append(flags, "--privileged")
	}
	if o.TTY {
		flags = append(flags, "--tty")
	}
	return flags
}

// Close removes the images that commands left.
func (s *engineSession) Close() error {
	var errs []error
	for _, name := range slices.Backward(s.names[1:]) {
		errs = append(errs, s.machine.Remove(s.ctx, name))
	}
	return errors.Join(errs...)
}
