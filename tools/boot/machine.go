package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/guest"
)

// auto stands for the fastest accelerator that works.
const auto = "auto"

// formats are the forms of a root file system that a kernel can start from.
var formats = []string{"cpio", "erofs", "ext4", "squashfs"}

// kind is what depends on the architecture.
type kind struct {
	program        string // of QEMU
	model          string // of the machine
	console        string // the kernel's name of the first serial port
	debian, fedora string // packages with the program
}

var kinds = map[string]kind{
	"amd64":   {"qemu-system-x86_64", "q35", "ttyS0", "qemu-system-x86", "qemu-system-x86-core"},
	"arm64":   {"qemu-system-aarch64", "virt", "ttyAMA0", "qemu-system-arm", "qemu-system-aarch64-core"},
	"riscv64": {"qemu-system-riscv64", "virt", "ttyS0", "qemu-system-misc", "qemu-system-riscv-core"},
}

func architectures() []string { return slices.Sorted(maps.Keys(kinds)) }

// diskKinds are the devices for the root file system, and what the kernel calls them. Kernels of distributions have the
// driver of nvme built in more often than that of virtio.
var diskKinds = map[string]struct{ device, node string }{
	"nvme":   {"nvme,drive=root,serial=root", "/dev/nvme0n1"},
	"virtio": {"virtio-blk-pci,drive=root", "/dev/vda"},
}

func disks() []string { return slices.Sorted(maps.Keys(diskKinds)) }

// The addresses of QEMU's user-mode network ("-netdev user").
const (
	guestAddress  = "10.0.2.15"
	gatewayServer = "10.0.2.2"
	networkMask   = "255.255.255.0"
	nameServer    = "10.0.2.3"
)

// port is a forwarded port.
type port struct {
	protocol    string
	host, guest int
}

// machine is the machine to start.
type machine struct {
	kernel, rootfs string
	format         string
	arch           string
	disk           string
	accelerator    string
	memory         int // in MiB
	ports          []port
	kernelArgs     []string
}

// addPort adds a port in the form HOST:GUEST[/udp].
func (m *machine) addPort(text string) error {
	pair, protocol, _ := strings.Cut(text, "/")
	host, guest, found := strings.Cut(pair, ":")
	hostPort, hostErr := portNumber(host)
	guestPort, guestErr := portNumber(guest)
	if protocol == "" && !strings.HasSuffix(text, "/") {
		protocol = "tcp"
	}
	if !found || hostErr != nil || guestErr != nil || protocol != "tcp" && protocol != "udp" {
		return errors.New("expected HOST:GUEST or HOST:GUEST/udp, with ports from 1 to 65535")
	}
	m.ports = append(m.ports, port{protocol, hostPort, guestPort})
	return nil
}

func portNumber(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	if n == 0 && err == nil {
		err = strconv.ErrRange
	}
	return int(n), err
}

// check checks what the flags cannot check one by one.
func (m *machine) check() error {
	if m.memory < 1 {
		return cli.Usage("--memory=%d: must be positive", m.memory)
	}
	for _, file := range []struct{ flag, name string }{{"kernel", m.kernel}, {"rootfs", m.rootfs}} {
		info, err := os.Stat(file.name)
		if err != nil {
			return fmt.Errorf("--%s: %w", file.flag, err)
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("--%s: %s is not a regular file", file.flag, file.name)
		}
	}
	for _, arg := range m.kernelArgs {
		if strings.ContainsAny(arg, " \t\n") {
			return cli.Usage("--kernel-arg=%q: must be one word; repeat the flag for others", arg)
		}
	}
	return nil
}

// host is what boot needs to know about the machine that it runs on.
type host struct {
	os, arch string
	kvm      bool // the user may use KVM
}

func newHost() host {
	h := host{os: runtime.GOOS, arch: runtime.GOARCH}
	if f, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0); err == nil {
		f.Close()
		h.kvm = true
	}
	return h
}

// arguments returns the command line of QEMU. Nothing but what it states is in the machine.
func (m *machine) arguments(on host) []string {
	kind := kinds[m.arch]
	args := []string{
		"-no-user-config", "-nodefaults", "-no-reboot", "-display", "none",
		// The console takes the byte of Ctrl-C, but QEMU itself must not act on it.
		"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
		"-machine", kind.model, "-cpu", "max", "-m", strconv.Itoa(m.memory),
	}
	for _, accelerator := range m.accelerators(on) {
		args = append(args, "-accel", accelerator)
	}
	args = append(args, m.root()...)
	network := "user,id=network"
	for _, p := range m.ports {
		network += fmt.Sprintf(",hostfwd=%s:127.0.0.1:%d-:%d", p.protocol, p.host, p.guest)
	}
	return append(args,
		// Its boot ROM may be in a package of its own, and is of no use.
		"-netdev", network, "-device", "virtio-net-pci,netdev=network,romfile=",
		"-kernel", m.kernel, "-append", strings.Join(m.commandLine(), " "),
	)
}

// accelerators returns the accelerators to try in turn.
func (m *machine) accelerators(on host) []string {
	switch {
	case m.accelerator != auto:
		return []string{m.accelerator}
	case on.arch != m.arch:
	case on.os == "linux" && on.kvm:
		return []string{"kvm", "tcg"}
	case on.os == "darwin":
		return []string{"hvf", "tcg"}
	}
	return []string{"tcg"}
}

// root returns the arguments for the root file system.
func (m *machine) root() []string {
	if m.format == "cpio" {
		return []string{"-initrd", m.rootfs}
	}
	// QEMU reads a comma in the value of an option as its end, and two as one.
	file := strings.ReplaceAll(m.rootfs, ",", ",,")
	return []string{
		"-drive", "if=none,id=root,format=raw,readonly=on,file=" + file,
		"-device", diskKinds[m.disk].device,
	}
}

// commandLine returns the kernel's command line.
func (m *machine) commandLine() []string {
	line := []string{
		"console=" + kinds[m.arch].console, "quiet",
		"panic=-1", // restart at once, which -no-reboot turns into an exit
		"ip=" + strings.Join([]string{guestAddress, "", gatewayServer, networkMask, "", "eth0", "off", nameServer}, ":"),
	}
	if m.format == "cpio" {
		line = append(line, "rdinit="+guest.Init)
	} else {
		line = append(line, "root="+diskKinds[m.disk].node, "ro", "rootfstype="+m.format, "init="+guest.Init)
	}
	return append(line, m.kernelArgs...)
}
