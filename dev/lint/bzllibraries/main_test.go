package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestCheck(t *testing.T) {
	repository := t.TempDir()
	for name, text := range map[string]string{
		"rules/BUILD.bazel": `
bzl_library(name = "defs", srcs = ["defs.bzl"], deps = [":private", "//rules/other", "@tools//repo:http.bzl", "@tools//repo:cache.bzl"])
bzl_library(name = "private", srcs = ["defs.bzl"], deps = ["//rules/other:unused"])
bzl_library(name = "gone", srcs = ["gone.bzl"])
`,
		"rules/defs.bzl": `
load(":private.bzl", "a")
load("//rules/other:other.bzl", "b")
load("@tools//repo:http.bzl", "c")
`,
		"rules/private.bzl": `load("//rules:missing.bzl", "x")`,
		"rules/new.bzl":     ``,
	} {
		path := filepath.Join(repository, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := check(repository, "rules")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`//rules: bzl_library "gone" has no file gone.bzl`,
		`//rules: bzl_library "new" is missing`,
		`//rules: bzl_library "private" has a dep that its file does not load: //rules/other:unused`,
		`//rules: bzl_library "private" has srcs ["defs.bzl"], but is for private.bzl`,
		`//rules: bzl_library "private" lacks the dep :missing`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
