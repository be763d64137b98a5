package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

func TestCommandLine(t *testing.T) {
	line := words{"quiet", "ip=a", "reboot=k", "ip=b", "hostname="}
	for name, want := range map[string]string{"ip": "b", "reboot": "k", "hostname": "", "quiet": "", "i": ""} {
		if got := line.value(name); got != want {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestParseAddress(t *testing.T) {
	ip, gateway, mask := [4]byte{10, 0, 2, 15}, [4]byte{10, 0, 2, 2}, [4]byte{255, 255, 255, 0}
	for text, want := range map[string]address{
		"":           {},
		"dhcp":       {},
		"on":         {},
		":::::eth0:": {},
		"10.0.2.15::10.0.2.2:255.255.255.0::eth1:off":          {ip, gateway, mask, "eth1"},
		"10.0.2.15::10.0.2.2:255.255.255.0":                    {ip, gateway, mask, "eth0"},
		"10.0.2.15:::255.255.255.0::eth0:off:10.0.2.3:1.1.1.1": {ip, [4]byte{}, mask, "eth0"},
	} {
		if got, err := parseAddress(text); got != want || err != nil {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"10.0.2::::":                               `ip=10.0.2::::: the address "10.0.2" is not an IPv4 address`,
		"10.0.2.15::gw:0.0.0.0":                    `ip=10.0.2.15::gw:0.0.0.0: the gateway "gw" is not an IPv4 address`,
		"10.0.2.15::10.0.2.2":                      `ip=10.0.2.15::10.0.2.2: the netmask "" is not an IPv4 address`,
		"1.1.1.1:::1.1.1.1::" + "abcdefghijklmnop": "ip=1.1.1.1:::1.1.1.1::abcdefghijklmnop: the device name is too long",
	} {
		if got, err := parseAddress(text); err == nil || err.Error() != want {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
	}
}

func TestNameServers(t *testing.T) {
	for text, want := range map[string]string{
		"ip=10.0.2.15:::255.255.255.0::eth0:off:10.0.2.3":                 "nameserver 10.0.2.3\n",
		"ip=10.0.2.15:::255.255.255.0::eth0:off:10.0.2.3:1.1.1.1:2.2.2.2": "nameserver 10.0.2.3\nnameserver 1.1.1.1\n",
		"ip=10.0.2.15:::255.255.255.0::eth0:off::1.1.1.1":                 "nameserver 1.1.1.1\n",
	} {
		if got := nameServers(words{text}); got != want {
			t.Errorf("%q: got %q", text, got)
		}
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for name, mode := range map[string]os.FileMode{"a/tool": 0o644, "b/tool": 0o755, "here": 0o755} {
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("a/sub", 0o777); err != nil {
		t.Fatal(err)
	}
	env := []string{"PATH=/first", "XPATH=/x", "PATH=" + dir + "/a:" + dir + "/b:"}
	for name, want := range map[string]string{
		"tool": dir + "/b/tool", "here": "./here", "./here": "./here", "a/tool": "a/tool", "sub": "", "b/none": "", "none": "",
	} {
		got, err := find(name, env)
		if want == "" && !errors.Is(err, fs.ErrNotExist) || want != "" && (got != want || err != nil) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

// The main process gets its stop signal once, however often the machine is asked to stop.
func TestAwait(t *testing.T) {
	signals := make(chan os.Signal, 3)
	signals <- syscall.SIGHUP
	signals <- syscall.SIGINT
	signals <- syscall.SIGTERM
	command := exec.Command("sleep", "60")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan syscall.WaitStatus, 1)
	go func() {
		_ = command.Wait()
		ended <- command.ProcessState.Sys().(syscall.WaitStatus)
	}()
	started := time.Now()
	status := await(command.Process.Pid, syscall.SIGUSR1, signals, ended)
	if !status.Signaled() || status.Signal() != syscall.SIGUSR1 || time.Since(started) > stopTimeout {
		t.Errorf("got %v", status)
	}
}

// Mounts precede those inside them.
func TestMountOrder(t *testing.T) {
	var seen []string
	for _, m := range always {
		for dir := filepath.Dir(m.dir); dir != "/"; dir = filepath.Dir(dir) {
			known := slices.Contains(seen, dir)
			for _, other := range always {
				if other.dir == dir && !known {
					t.Errorf("%s is mounted before %s", m.dir, dir)
				}
			}
		}
		seen = append(seen, m.dir)
	}
}
