"""image_ldconfig: a layer with the cache of shared libraries."""

load(":etc_actions.bzl", "base_attr", "etc_layer")
load(":packing.bzl", "PACKING_ATTRS")
load(":providers.bzl", "LayerInfo")
load(":run_tool.bzl", "new_args")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

def _impl(ctx):
    args = new_args(ctx)
    args.add_all(ctx.attr.directories, format_each = "--dir=%s")
    return etc_layer(ctx, "libraries", args, depset(), "MkLdconfig")

image_ldconfig = rule(
    doc = """Builds a layer with what `ldconfig` would write in the base: `/etc/ld.so.cache`, with which the GNU C library finds
shared libraries, and missing symlinks from sonames to libraries.

Use it if libraries are in directories that the C library does not search by itself, like `/usr/local/lib`. It supports x86-64,
x86 and AArch64, and does not read directories below `glibc-hwcaps`.""",
    implementation = _impl,
    attrs = PACKING_ATTRS | {
        "base": base_attr(
            """The image with the libraries. Its layers are read; those of a locked base are fetched from their registry.""",
            mandatory = True,
        ),
        "directories": attr.string_list(
            doc = "Directories to search before those in the image's `/etc/ld.so.conf`, and `/lib` and `/usr/lib`.",
        ),
    },
    provides = [LayerInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
