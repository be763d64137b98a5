"""How a layer is packed: the attributes for it, and the last step of every rule that makes layers."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load(":actions.bzl", "make_layer")
load(":providers.bzl", "LayerInfo")

visibility(["//rules/..."])

# Names of layers tell their compression. That of an archive which may be kept as it is only the descriptor knows.
_SUFFIX = {"": ".layer", "gzip": ".tar.gz", "none": ".tar", "zstd": ".tar.zst"}

PACKING_ATTRS = {
    "compression_level": attr.int(
        doc = "1 to 9 for gzip, 1 to 19 for zstd. 0, the default, is 6 for gzip and 3 for zstd.",
    ),
    "_workers": attr.label(
        default = "//rules:layer_workers",
        providers = [BuildSettingInfo],
    ),
}

def pack(ctx, name, compression, args, inputs):
    """Declares a layer and the action that makes it.

    Args:
      ctx: The rule's context; its attributes have PACKING_ATTRS among them.
      name: Name of the outputs, without a suffix.
      compression: `gzip`, `zstd`, `none`, or an empty string for an archive that may be kept as it is.
      args: Args with the layer's entries and settings.
      inputs: depset of the Files that the entries name.

    Returns:
      LayerInfo.
    """
    if compression:
        args.add(compression, format = "--compression=%s")
    if ctx.attr.compression_level:
        args.add(ctx.attr.compression_level, format = "--level=%s")
    layer = LayerInfo(
        blob = ctx.actions.declare_file(name + _SUFFIX[compression]),
        descriptor = ctx.actions.declare_file(name + ".layer.json"),
    )
    make_layer(ctx, args, inputs, layer.blob, layer.descriptor, ctx.attr._workers[BuildSettingInfo].value)
    return layer
