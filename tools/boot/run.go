package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/launch"
)

var command = cli.Command{
	Name:    "boot",
	Summary: "boot a root file system as a virtual machine",
	Details: `
The program needs QEMU. It uses KVM or macOS's Hypervisor framework if the machine is of this machine's architecture,
and emulates the processor otherwise.

Standard output is the machine's console, and standard input is not connected. Ctrl-C sends the program in the machine
its stop signal; a second Ctrl-C ends the machine. The exit code is that of the program in the machine.`,
	Required: []string{"kernel", "rootfs"},
	New:      newWork,
}

// settings are the values of the flags.
type settings struct {
	machine machine
	qemu    string
	target  string
}

func newWork(flags *flag.FlagSet) cli.Work {
	s := settings{machine: machine{arch: "amd64", format: "ext4", disk: "nvme", accelerator: auto}}
	m := &s.machine
	flags.StringVar(&m.kernel, "kernel", "", "kernel `file`")
	flags.StringVar(&m.rootfs, "rootfs", "", "root file system, a `file` of image_rootfs with an init")
	flags.Func("format", "`format` of the root file system: "+strings.Join(formats, ", ")+" (default ext4)",
		oneOf(&m.format, formats))
	flags.Func("arch", "`architecture` of the machine: "+strings.Join(architectures(), ", ")+" (default amd64)",
		oneOf(&m.arch, architectures()))
	flags.Func("disk", "`device` for the root file system: "+strings.Join(disks(), ", ")+" (default nvme)",
		oneOf(&m.disk, disks()))
	flags.Func("accel", "`accelerator`: auto, kvm, hvf, or tcg, which emulates the processor (default auto)",
		oneOf(&m.accelerator, []string{auto, "kvm", "hvf", "tcg"}))
	flags.IntVar(&m.memory, "memory", 512, "size of the memory in `MiB`")
	cli.Each(flags, "port", "`HOST:GUEST[/udp]`: forward a port of 127.0.0.1 to one of the machine", m.addPort)
	flags.Var((*cli.Strings)(&m.kernelArgs), "kernel-arg", "further `word` for the kernel's command line")
	flags.StringVar(&s.qemu, "qemu", "", "QEMU `program` (default: qemu-system-ARCH on the PATH)")
	flags.StringVar(&s.target, "target", "", "`label` of the build's target, for messages")
	return func(ctx context.Context, std cli.Streams) error {
		err := s.run(ctx, std)
		if err != nil && s.target != "" {
			return fmt.Errorf("%s: %w", s.target, err)
		}
		return err
	}
}

// oneOf returns the function of a flag that takes one of several values.
func oneOf(value *string, known []string) func(string) error {
	return func(text string) error {
		if !slices.Contains(known, text) {
			return fmt.Errorf("expected one of %s", strings.Join(known, ", "))
		}
		*value = text
		return nil
	}
}

func (s *settings) run(ctx context.Context, std cli.Streams) error {
	if err := s.machine.check(); err != nil {
		return launch.Explain(err)
	}
	program, err := s.find()
	if err != nil {
		return err
	}
	code, err := boot(ctx, std, program, s.machine.arguments(newHost()))
	if err != nil {
		return err
	}
	return cli.Exit(code)
}

// find returns the path of QEMU.
func (s *settings) find() (string, error) {
	kind := kinds[s.machine.arch]
	name := cmp.Or(s.qemu, kind.program)
	path, err := exec.LookPath(name)
	if err == nil {
		return path, nil
	}
	return "", cli.Hint(fmt.Errorf("QEMU is not installed: %w", err),
		"Debian and Ubuntu: apt-get install %s; Fedora: dnf install %s; Homebrew: brew install qemu", kind.debian, kind.fedora)
}
