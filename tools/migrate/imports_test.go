package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// layers are the groups of packages below internal. Each imports only those above it.
var layers = []string{"starlark", "model", "workspace", "rules", "plan", "render", "report", "bazel"}

// TestLayers checks that imports point one way, and that only one group starts programs.
func TestLayers(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "./internal/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	level := func(name string) int {
		_, below, found := strings.Cut(name, "/migrate/internal/")
		group, _, _ := strings.Cut(below, "/")
		if i := slices.Index(layers, group); i >= 0 || !found {
			return i
		}
		t.Errorf("%s is in none of the groups %q", name, layers)
		return -1
	}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		names := strings.Fields(line)
		at := level(names[0])
		for _, name := range names[1:] {
			if level(name) > at {
				t.Errorf("%s imports %s", names[0], name)
			}
			if name == "os/exec" && layers[at] != "bazel" {
				t.Errorf("%s can start programs", names[0])
			}
		}
	}
}

// TestNoNetwork checks that the program opens no connection: it needs no package that can. With --pin and --verify, and only
// with these, it starts another program. Tests in e2e start the real one.
func TestNoNetwork(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	if packages := strings.Fields(string(out)); slices.Contains(packages, "net") || slices.Contains(packages, "plugin") {
		t.Errorf("the program needs a package for networks: %q", packages)
	}
	const pull = "load(\"@rules_oci//oci:pull.bzl\", \"oci_pull\")\n\noci_pull(name = \"debian\", image = \"debian\", tag = \"12\")\n"
	root, dir := workspaceWith(t, map[string]string{"BUILD.bazel": imageFile, "WORKSPACE": pull})
	started, program := filepath.Join(dir, "started"), filepath.Join(dir, "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho \"$@\" >>"+started+"\nexit 7\n"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ flag, code, report string }{
		{"--write=false", "2", "--pin"},
		{"--pin", "1", "@rules_strata//rules:image could not be built in " + root},
		{"--verify", "1", "query in a copy of the workspace: exit status 7"},
	} {
		if err := os.RemoveAll(started); err != nil {
			t.Fatal(err)
		}
		_, report, code := execute([]string{test.flag, "--bazel=" + program, "--workspace=" + root, root})
		if code != test.code || !strings.Contains(report, test.report) {
			t.Errorf("%s: exit code %s, report %q", test.flag, code, report)
		}
		if _, err := os.Stat(started); (err == nil) != (test.code == "1") {
			t.Errorf("%s: whether another program was started: %v", test.flag, err == nil)
		}
	}
	if _, report, code := execute([]string{"--pin", "--bazel=" + filepath.Join(dir, "none"), "--workspace=" + root, root}); code != "1" || !strings.Contains(report, "--bazel=PROGRAM") {
		t.Errorf("exit code %s, report %q", code, report)
	}
}
