"""The actions that write files below /etc for layers of users and certificates."""

load(":base_blobs.bzl", "contents_with_blobs", "current", "with_base_blobs")
load(":contents.bzl", "add_contents")
load(":packing.bzl", "pack")
load(":policy.bzl", "policy_facts")
load(":providers.bzl", "ImageInfo", "shapes_of")
load(":run_tool.bzl", "copying", "merging", "new_args", "run_tool")
load(":tar_layers.bzl", "add_tars")

visibility(["//rules/..."])

def base_attr(doc, mandatory = False):
    """Returns the attribute `base` of rules that call etc_layer."""
    return attr.label(
        doc = doc,
        mandatory = mandatory,
        cfg = with_base_blobs,
        providers = [ImageInfo],
    )

def etc_layer(ctx, command, args, files, mnemonic):
    """Declares a layer, the action that writes its files as a tar, and the action that makes the layer of it.

    Args:
      ctx: The rule's context. The rule must have PACKING_ATTRS and the attribute `base`.
      command: The subcommand of mketc.
      args: Args of mketc.
      files: depset of the Files that they refer to.
      mnemonic: Mnemonic of the action.

    Returns:
      list of LayerInfo, DefaultInfo, OutputGroupInfo and the provider of policy_facts.
    """
    tar = ctx.actions.declare_file(ctx.label.name + ".files.tar")
    layer_args = new_args(ctx)
    inputs = [files]
    shapes = []
    if ctx.attr.base:
        contents = contents_with_blobs(ctx, "base")
        add_contents(args, contents)
        inputs.append(contents.files)
        shapes = shapes_of(current(ctx, "base")[ImageInfo])
        layer_args.add_all(shapes, format_each = "--over=%s")
    args.add(tar, format = "--output=%s")
    run_tool(
        ctx,
        "mketc",
        args,
        command = command,
        inputs = depset(transitive = inputs),
        outputs = [tar],
        mnemonic = mnemonic,
        progress_message = "Writing files of layer %{label}",
        resource_set = merging if ctx.attr.base else copying,
    )
    add_tars(layer_args, depset([tar]))

    # An archive with a flag for its contents does not become the layer unchanged: the tar lacks implied directories.
    layer_args.add("--strip-prefix=/")
    layer = pack(ctx, ctx.label.name, layer_args, depset([tar] + list(shapes)))
    return [
        layer,
        DefaultInfo(files = depset([layer.blob])),
        OutputGroupInfo(descriptor = depset([layer.descriptor])),
    ] + policy_facts(ctx, [layer])
