"""image_binary_layers: makes several layers out of one program."""

load(":actions.bzl", "new_args")
load(":binary_layers_split.bzl", "ReachedInfo", "is_for", "reach", "split_program")
load(":declared.bzl", "add_links", "declared_links", "links_of")
load(":entries.bzl", "add_program", "whole_program")
load(":metadata.bzl", "METADATA_ATTRS", "add_metadata")
load(":packing.bzl", "PACKING_ATTRS", "pack")
load(":programs.bzl", "LINKED")
load(":providers.bzl", "LayersInfo")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

# An image has 127 layers at most, and this is not the only one that it is made of.
_MOST = 126

_BAD_PATH = """{label}: attribute path: {path} is not the absolute path of a file.
It is where the program stands in the image, like "/app/server"."""

_BAD_NUMBER = """{label}: attribute max_layers: {number} is not a number from 1 to {most}.
An image has 127 layers at most, those of its base included."""

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
    doc = """Makes several layers out of one program and its runfiles, so that a change rebuilds and moves one of them.

Together the layers hold just what `image_layer(files = {PATH: BINARY})` holds in one. From the one that changes least:
`tools`, what the program's rule brings by itself (an interpreter, say); then external repositories, each in one of
`external-0`, `external-1`, ... as a hash of its name decides; at last `app`, the program, first-party files and the
list of repositories. A layer that would be empty is left out. docs/runfiles.md says more.

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
            doc = """How many layers there may be, 126 at most: of 10, one is for tools, 8 share the external
repositories, and one is the program's. 2 means one for all that is external and one for the program; 1 does not
split.""",
            default = 10,
        ),
        "path": attr.string(
            doc = """Where the program stands in the image, like `/app/server`: an image's `entrypoint`. Its runfiles
go to `PATH.runfiles`.""",
            mandatory = True,
        ),
    },
    provides = [LayersInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
