"""image_binary_layers: splits one program into several layers."""

load(":binary_layers_split.bzl", "ReachedInfo", "is_for", "reach", "split_program")
load(":declared.bzl", "add_links", "declared_links", "links_of")
load(":entries.bzl", "add_program", "whole_program", "without_runfiles")
load(":launch.bzl", "launch", "launch_of")
load(":layer_groups.bzl", "parse_groups")
load(":metadata.bzl", "METADATA_ATTRS", "add_metadata")
load(":packing.bzl", "PACKING_ATTRS", "pack")
load(":policy.bzl", "policy_facts")
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

_TOO_MANY = """{label}: attribute groups: {groups} groups and max_layers = {number} are more than {most} layers.
An image has at most 127 layers, including those of its base."""

def _path(ctx):
    """Returns the program's path in the image, and checks the attributes."""
    number, groups = ctx.attr.max_layers, len(ctx.attr.groups)
    path = ctx.attr.path or "/app/" + ctx.executable.binary.basename
    if not path.startswith("/") or path.endswith("/"):
        fail(_BAD_PATH.format(label = ctx.label, path = path))
    if number < 1 or number > _MOST:
        fail(_BAD_NUMBER.format(label = ctx.label, number = number, most = _MOST))
    if number + groups > _MOST:
        fail(_TOO_MANY.format(label = ctx.label, number = number, groups = groups, most = _MOST))
    return path

def _layer(ctx, path, group, part, links):
    args = new_args(ctx)
    binary = ctx.executable.binary
    named = None if path.rpartition("/")[2] == binary.basename else LINKED
    inputs = add_program(args, path, binary, part, ctx.workspace_name, named)
    add_links(args, [file for file in inputs.to_list() if file in links], inputs)
    add_metadata(args, ctx.attr, lambda pattern: is_for(pattern, path, group, part))
    return pack(ctx, ctx.label.name + "." + group, args, inputs)

def _impl(ctx):
    path = _path(ctx)
    binary = ctx.attr.binary
    whole = whole_program(binary[DefaultInfo])
    parts = split_program(
        whole if ctx.attr.runfiles else without_runfiles(whole),
        {name: None for name in binary[ReachedInfo].repositories.to_list()},
        ctx.attr.max_layers,
        ctx.workspace_name,
        ctx.attr.groups,
        parse_groups(ctx.label, ctx.attr.groups),
    )
    links = {file: None for file in links_of([binary]).to_list()}
    layers = [_layer(ctx, path, group, part, links) for group, part in parts.items()]
    return [
        LayersInfo(layers = tuple(layers)),
        launch_of(binary, path, ctx.attr.runfiles),
        DefaultInfo(files = depset([layer.blob for layer in layers])),
        OutputGroupInfo(descriptor = depset([layer.descriptor for layer in layers])),
    ] + policy_facts(ctx, layers, single = False)

image_binary_layers = rule(
    doc = """Splits a program and its runfiles into several layers, so that a change rebuilds and transfers only one of them.

Together, the layers contain the same files as `image_layer(files = {PATH: BINARY})`. Starting with the one that changes
least often, they are `tools`, the files that the program's rule adds (an interpreter, for example); `external-0`,
`external-1` and so on, the external repositories, distributed by a hash of their names; the groups in `groups`; and `app`,
the program, the first-party files and the repository mapping. Empty layers are omitted. See docs/runfiles.md.

    image_binary_layers(
        name = "server_layers",
        binary = ":server",
        path = "/app/server",
    )

    image(
        name = "image",
        program = ":server_layers",
    )

`image_from_binary` does both.""",
    implementation = _impl,
    attrs = METADATA_ATTRS | PACKING_ATTRS | {
        "binary": attr.label(
            doc = "The program: an executable target of any ruleset.",
            aspects = [declared_links, launch, reach],
            cfg = "target",
            executable = True,
            mandatory = True,
        ),
        "groups": attr.string_list_dict(
            doc = """Further layers: name -> patterns of runfiles that the layer gets, like
`{"models": ["//models/..."], "ml": ["@torch", "@nvidia_*"]}`. `@REPOSITORY` is an external repository by its canonical name,
or by that of its module or extension without versions; `*` stands for any text. `//PACKAGE/...`, `//PACKAGE` and
`//PACKAGE:NAME` are labels of files, or of the rules that generate them; a repository may precede them. The first match wins.""",
        ),
        "max_layers": attr.int(
            doc = """Maximum number of layers besides those of `groups`, from 1 to 126. With 10, one is for tools, 8 are for the external
repositories, and one is for the program. 2 means one layer for everything external and one for the program; 1 means a
single layer.""",
            default = 10,
        ),
        "path": attr.string(
            doc = """Path of the program in the image, like `/app/server`. The runfiles go to `PATH.runfiles`. Defaults to the
name of the program's file in `/app`.""",
        ),
        "runfiles": attr.bool(
            doc = "Whether the image gets the runfiles. Leave them out only if the program never looks for any.",
            default = True,
        ),
    },
    provides = [LayersInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
