package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestUpdate(t *testing.T) {
	repository := t.TempDir()
	for name, text := range map[string]string{
		"rules/BUILD.bazel": `
bzl_library(name = "defs", srcs = ["defs.bzl"], deps = [":private", "//rules/other", "@tools//repo:http.bzl", "@tools//repo:cache.bzl"])
bzl_library(name = "private", srcs = ["defs.bzl"], deps = ["//rules/other:unused", "@gone//:x"], tags = ["manual"])
bzl_library(name = "gone", srcs = ["gone.bzl"])
`,
		"rules/defs.bzl": `
load(":private.bzl", "a")
load("//rules/other:other.bzl", "b")
load("@tools//repo:http.bzl", "c")
`,
		"rules/private.bzl": `load("//rules:missing.bzl", "x")`,
		"rules/new.bzl": `
load("@skylib//lib:paths.bzl", "paths")
load("@bazel_tools//tools/build_defs/repo:http.bzl", "http_file")
`,
	} {
		path := filepath.Join(repository, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"//rules:new", "//rules:private", "//rules:gone"}
	for range 2 {
		got, err := update(repository, "rules", false)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if _, err := update(repository, "rules", true); err != nil {
		t.Fatal(err)
	}
	if got, err := update(repository, "rules", false); err != nil || len(got) != 0 {
		t.Errorf("after -fix: got %q, %v, want nothing", got, err)
	}
	const text = `bzl_library(
    name = "defs",
    srcs = ["defs.bzl"],
    deps = [
        ":private",
        "//rules/other",
        "@tools//repo:cache.bzl",
        "@tools//repo:http.bzl",
    ],
)

bzl_library(
    name = "private",
    srcs = ["private.bzl"],
    tags = ["manual"],
    deps = [":missing"],
)

bzl_library(
    name = "new",
    srcs = ["new.bzl"],
    deps = [
        "@bazel_tools//tools/build_defs/repo:http.bzl",
        "@skylib//lib:paths",
    ],
)
`
	got, err := os.ReadFile(filepath.Join(repository, "rules/BUILD.bazel"))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != text {
		t.Errorf("got:\n%s\nwant:\n%s", got, text)
	}
}
