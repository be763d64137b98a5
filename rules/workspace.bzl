"""WORKSPACE setup, part two: registers the toolchains that part one, `repositories.bzl`, declared."""

visibility("public")

# buildifier: disable=unnamed-macro
def rules_strata_register_toolchains():
    """Registers the prebuilt tools of a release. To build the tools from source, use source_workspace.bzl as well."""
    native.register_toolchains("@rules_strata_tools//:all")
