"""How a layer is packed: the attributes for it, and the last step of every rule that makes layers."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load(":actions.bzl", "make_layer")
load(":providers.bzl", "LayerInfo")

visibility(["//rules/..."])

# Names of layers tell their compression. That of an archive which may be kept as it is only the descriptor knows.
_SUFFIX = {"": ".layer", "gzip": ".tar.gz", "none": ".tar", "zstd": ".tar.zst"}

COMPRESSIONS = ["gzip", "none", "zstd"]

PACKING_ATTRS = {
    "compression": attr.string(
        doc = """`gzip`, `zstd` or `none`. If unset: what the build says, `--@rules_strata//rules:compression`, which is
`gzip` unless set. In `image_layer`, a single archive in `tars` that nothing else changes stays as it is.""",
        values = [""] + COMPRESSIONS,
    ),
    "compression_level": attr.int(
        doc = """1 to 9 for gzip, 1 to 19 for zstd. If 0: where `compression` is unset too, what the build says,
`--@rules_strata//rules:compression_level`; else 6 for gzip and 3 for zstd.""",
    ),
    "_compression": attr.label(
        default = "//rules:compression",
        providers = [BuildSettingInfo],
    ),
    "_compression_level": attr.label(
        default = "//rules:compression_level",
        providers = [BuildSettingInfo],
    ),
    "_workers": attr.label(
        default = "//rules:layer_workers",
        providers = [BuildSettingInfo],
    ),
}

def _packing(attr, kept):
    """Returns the compression and the level that hold for a layer; "" and 0 leave them to the tool."""
    if attr.compression or kept:
        return attr.compression, attr.compression_level

    # A level is one of some compression: the build's belongs to the build's.
    level = attr.compression_level or attr._compression_level[BuildSettingInfo].value
    return attr._compression[BuildSettingInfo].value, level

def pack(ctx, name, args, inputs, kept = False):
    """Declares a layer and the action that makes it.

    Args:
      ctx: The rule's context; its attributes have PACKING_ATTRS among them.
      name: Name of the outputs, without a suffix.
      args: Args with the layer's entries and settings.
      inputs: depset of the Files that the entries name.
      kept: Whether the layer is an archive that may be kept as it is, whatever its compression.

    Returns:
      LayerInfo.
    """
    compression, level = _packing(ctx.attr, kept)
    if compression:
        args.add(compression, format = "--compression=%s")
    if level:
        args.add(level, format = "--level=%s")
    layer = LayerInfo(
        blob = ctx.actions.declare_file(name + _SUFFIX[compression]),
        descriptor = ctx.actions.declare_file(name + ".layer.json"),
        shape = ctx.actions.declare_file(name + ".shape.json"),
    )
    make_layer(ctx, args, inputs, layer.blob, layer.descriptor, layer.shape, ctx.attr._workers[BuildSettingInfo].value)
    return layer
