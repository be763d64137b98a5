"""The tools, behind a toolchain type, so that a build may bring its own."""

load(":base_setting.bzl", "without_base_blobs")

visibility(["//rules/..."])

TOOLCHAIN_TYPE = Label("//rules:toolchain_type")

_TOOLS = {
    "checker": "Checks everything about an image.",
    "loader": "Loads an image into Docker or Podman.",
    "mkbase": "Checks the documents of a locked base image.",
    "mkconfig": "Makes an image's config.",
    "mkimport": "Reads an image out of a layout or an archive.",
    "mkindex": "Makes an image index.",
    "mklayer": "Makes a layer.",
    "mklayout": "Writes image layouts and archives.",
    "mkmanifest": "Makes an image's manifest.",
    "mkreference": "Writes the name of a pushed image.",
    "pusher": "Pushes an image to a registry.",
}

def _impl(ctx):
    return [platform_common.ToolchainInfo(**{
        name: getattr(ctx.attr, name)[DefaultInfo].files_to_run
        for name in _TOOLS
    })]

image_toolchain = rule(
    doc = """A set of tools. Register a `toolchain` of type `@rules_strata//rules:toolchain_type` around it.

The default one builds the tools from source; nobody needs this rule who is content with that. `loader` and `pusher` are run
by `bazel run`, on the machine of whoever types it, and `checker` by `bazel test`.""",
    implementation = _impl,

    # The tools are the same whether a build needs the bytes of its bases or not: they are built once.
    cfg = without_base_blobs,
    attrs = {
        name: attr.label(
            doc = doc,
            cfg = "exec",
            executable = True,
            mandatory = True,
        )
        for name, doc in _TOOLS.items()
    },
)

def tool(ctx, name):
    """Returns the FilesToRunProvider of the tool with the given name."""
    return getattr(ctx.toolchains[TOOLCHAIN_TYPE], name)
