"""image_binary_layers: splits one program into several layers."""

load(":binary_layers_split.bzl", "ReachedInfo", "is_for", "reach", "split_program")
load(":declared.bzl", "add_links", "declared_links", "links_of")
load(":entries.bzl", "add_program", "whole_program")
load(":metadata.bzl", "METADATA_ATTRS", "add_metadata")
load(":packing.bzl", "PACKING_ATTRS", "pack")
load(":programs.bzl", "LINKED")
load(":providers.bzl", "LayersInfo")
load(":run_tool.bzl", "new_args")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

# An image has at most 127 layers, and at least one of them belongs to something else.
_MOST = 126

_BAD_PATH = """{label}: attribute path: {path} is not the absolute path of a file.
Set it to the program's path in the image, like "/app/server"."""

_BAD_NUMBER = """{label}: attribute max_layers: {number} is not a number from 1 to {most}.
An image has at most 127 layers, including those of its base."""

def _check(ctx):
    path, number = ctx.attr.path, ctx.attr.max_layers
    if not path.startswith("/") or path.endswith("/"):
        fail(_BAD_PATH.format(label = ctx.label, path = path))
    if number < 1 or number > _MOST:
        fail(_BAD_NUMBER.format(label = ctx.label, number = number, most = _MOST))

def _layer(ctx, group, part, links):
    args = new_args(ctx)
    path, binary = ctx.attr.path, ctx.executable.binary
    named = None if path.rpartition("/")[2] == binary.basename else LINKED
    inputs = add_program(args, path, binary, part, ctx.workspace_name, named)
    add_links(args, [file for file in inputs.to_list() if file in links], inputs)
    add_metadata(args, ctx.attr, lambda pattern: is_for(pattern, ctx.attr.path, group, part))
    return pack(ctx, ctx.label.name + "." + group, args, inputs)

def _impl(ctx):
    _check(ctx)
    binary = ctx.attr.binary
    parts = split_program(
        whole_program(binary[DefaultInfo]),
        {name: None for name in binary[ReachedInfo].repositories.to_list()},
        ctx.attr.max_layers,
        ctx.workspace_name,
    )
    links = {file: None for file in links_of([binary]).to_list()}
    layers = [_layer(ctx, group, part, links) for group, part in parts.items()]
    return [
        LayersInfo(layers = tuple(layers)),
        DefaultInfo(files = depset([layer.blob for layer in layers])),
        OutputGroupInfo(descriptor = depset([layer.descriptor for layer in layers])),
    ]

image_binary_layers = rule(
    doc = """Splits a program and its runfiles into several layers, so that a change rebuilds and transfers only one of them.

Together, the layers contain the same files as `image_layer(files = {PATH: BINARY})`. Starting with the one that changes
least often, they are `tools`, the files that the program's rule adds (an interpreter, for example); `external-0`,
`external-1` and so on, the external repositories, distributed by a hash of their names; and `app`, the program, the
first-party files and the repository mapping. Empty layers are omitted. See docs/runfiles.md.

    image_binary_layers(
        name = "server_layers",
        binary = ":server",
        path = "/app/server",
    )

    image(
        name = "image",
        entrypoint = ["/app/server"],
        layers = [":server_layers"],
    )""",
    implementation = _impl,
    attrs = METADATA_ATTRS | PACKING_ATTRS | {
        "binary": attr.label(
            doc = "The program: an executable target of any ruleset.",
            aspects = [declared_links, reach],
            cfg = "target",
            executable = True,
            mandatory = True,
        ),
        "max_layers": attr.int(
            doc = """Maximum number of layers, from 1 to 126. With 10, one is for tools, 8 are for the external
repositories, and one is for the program. 2 means one layer for everything external and one for the program; 1 means a
single layer.""",
            default = 10,
        ),
        "path": attr.string(
            doc = """Path of the program in the image, like `/app/server`. Use it in the image's `entrypoint`. The
runfiles go to `PATH.runfiles`.""",
            mandatory = True,
        ),
    },
    provides = [LayersInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
