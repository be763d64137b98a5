"""WORKSPACE setup for building the tools from source, part two: it uses the repositories in source_repositories.bzl."""

load("@bazel_gazelle//:deps.bzl", "gazelle_dependencies")
load("@io_bazel_rules_go//go:deps.bzl", "go_register_toolchains", "go_rules_dependencies")
load("//rules/private/repo:go_repositories.bzl", "go_repositories")

visibility("public")

# buildifier: disable=unnamed-macro
def rules_strata_register_source_toolchains(go_version = "1.26.8"):
    """Declares the Go modules that the tools are built from, and registers the toolchains.

    Args:
        go_version: Version of the Go SDK to download, or None if the workspace registers its own.
    """

    # This comes first because the first declaration of a name wins, and gazelle declares older versions of some Go modules.
    go_repositories()
    go_rules_dependencies()
    if go_version:
        go_register_toolchains(version = go_version)
    gazelle_dependencies()
    native.register_toolchains("@rules_strata//tools:all")
