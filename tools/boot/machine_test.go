package main

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The whole command line; the others differ from it in single options.
func TestArguments(t *testing.T) {
	m := machine{
		kernel: "vmlinuz", rootfs: "a,b.ext4", format: "ext4", arch: "amd64", disk: "nvme", accelerator: auto, memory: 512,
		ports: []port{{"tcp", 8080, 80}, {"udp", 5353, 53}}, kernelArgs: []string{"loglevel=7"},
	}
	want := []string{
		"-no-user-config", "-nodefaults", "-no-reboot", "-display", "none",
		"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
		"-machine", "q35", "-cpu", "max", "-m", "512",
		"-accel", "kvm", "-accel", "tcg",
		"-drive", "if=none,id=root,format=raw,readonly=on,file=a,,b.ext4", "-device", "nvme,drive=root,serial=root",
		"-netdev", "user,id=network,hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=udp:127.0.0.1:5353-:53",
		"-device", "virtio-net-pci,netdev=network,romfile=",
		"-kernel", "vmlinuz", "-append", "console=ttyS0 quiet panic=-1 " +
			"ip=10.0.2.15::10.0.2.2:255.255.255.0::eth0:off:10.0.2.3 " +
			"root=/dev/nvme0n1 ro rootfstype=ext4 init=/.strata/init loglevel=7",
	}
	if got := m.arguments(host{"linux", "amd64", true}); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestArgumentsVary(t *testing.T) {
	linux := host{"linux", "amd64", true}
	for _, c := range []struct {
		name   string
		change func(*machine)
		on     host
		want   []string
	}{
		{"an initramfs", func(m *machine) { m.format = "cpio" }, linux, []string{"-initrd", "rootfs", "rdinit=/.strata/init"}},
		{"EROFS", func(m *machine) { m.format = "erofs" }, linux, []string{"rootfstype=erofs"}},
		{"virtio", func(m *machine) { m.disk = "virtio" }, linux, []string{"virtio-blk-pci,drive=root", "root=/dev/vda"}},
		{"arm64", func(m *machine) { m.arch = "arm64" }, linux, []string{"virt", "console=ttyAMA0", "-accel tcg"}},
		{"riscv64", func(m *machine) { m.arch = "riscv64" }, linux, []string{"virt", "console=ttyS0", "-accel tcg"}},
		{"no KVM", func(*machine) {}, host{"linux", "amd64", false}, []string{"-accel tcg"}},
		{"macOS", func(m *machine) { m.arch = "arm64" }, host{"darwin", "arm64", false}, []string{"-accel hvf -accel tcg"}},
		{"macOS, another architecture", func(*machine) {}, host{"darwin", "arm64", false}, []string{"max -m 1 -accel tcg -drive"}},
		{"an accelerator", func(m *machine) { m.accelerator = "tcg" }, linux, []string{"max -m 1 -accel tcg -drive"}},
	} {
		m := machine{kernel: "kernel", rootfs: "rootfs", format: "ext4", arch: "amd64", disk: "nvme", accelerator: auto, memory: 1}
		c.change(&m)
		got := " " + strings.Join(m.arguments(c.on), " ") + " "
		for _, want := range c.want {
			if !strings.Contains(got, " "+want+" ") {
				t.Errorf("%s: no %q in %s", c.name, want, got)
			}
		}
	}
}

func TestAddPort(t *testing.T) {
	for text, want := range map[string][]port{
		"8080:80":      {{"tcp", 8080, 80}},
		"8080:80/tcp":  {{"tcp", 8080, 80}},
		"5353:53/udp":  {{"udp", 5353, 53}},
		"":             nil,
		"80":           nil,
		"0:80":         nil,
		"80:":          nil,
		"80:65536":     nil,
		"80:80/":       nil,
		"80:80/sctp":   nil,
		"1.2.3.4:1:80": nil,
		"80:80,x=y":    nil,
	} {
		var m machine
		if err := m.addPort(text); !slices.Equal(m.ports, want) || (err == nil) != (want != nil) {
			t.Errorf("%q: got %v, %v", text, m.ports, err)
		}
	}
}
