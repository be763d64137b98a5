"""Macros around the rules of rules_docker."""

load("@io_bazel_rules_docker//container:container.bzl", "container_image")
load("@io_bazel_rules_docker//go:image.bzl", "go_image")

def service(name, base = "//:base", **kwargs):
    go_image(
        name = name,
        base = base,
        goarch = "amd64",
        goos = "linux",
        pure = "on",
        **kwargs
    )

def copied(name, file, base = None):
    if not base:
        base = "//:base"
    container_image(
        name = name,
        base = base,
        directory = "/app",
        files = [file],
    )
