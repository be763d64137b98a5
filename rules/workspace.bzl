"""For WORKSPACE files, second half: registers what the first half, `repositories.bzl`, declared."""

visibility("public")

# buildifier: disable=unnamed-macro
def rules_strata_register_toolchains():
    """Registers the prebuilt tools of a release. source_workspace.bzl registers those that are built from source."""
    native.register_toolchains("@rules_strata_tools//:all")
