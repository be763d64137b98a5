"""Layer compression: the attributes, and the last step of every rule that makes layers."""

load(":actions.bzl", "make_layer")
load(":configuration.bzl", "CONFIGURATION_ATTRS", "configuration_of")
load(":providers.bzl", "LayerInfo")

visibility(["//rules/..."])

# File name suffixes of blobs. Only mklayer knows whether a single archive is kept unchanged, and therefore how such a layer is
# compressed; its descriptor contains the media type.
_SUFFIXES = {"gzip": ".tar.gz", "none": ".tar", "zstd": ".tar.zst"}
_SUFFIX_OF_UNKNOWN = ".layer"

COMPRESSIONS = _SUFFIXES.keys()

PACKING_ATTRS = CONFIGURATION_ATTRS | {
    "compression": attr.string(
        doc = """`gzip`, `zstd` or `none`. Defaults to the flag `--@rules_strata//rules:compression`, whose default is `gzip`.
If unset, `image_layer` keeps the compression of a single archive in `tars` that nothing else changes.""",
        values = [""] + COMPRESSIONS,
    ),
    "compression_level": attr.int(
        doc = """1 to 9 for gzip, 1 to 19 for zstd. 0 means the flag `--@rules_strata//rules:compression_level` if
`compression` is unset too, otherwise 6 for gzip and 3 for zstd.""",
    ),
}

def _add_packing(args, level, compression, configuration):
    """Adds the target's compression settings, and the build's defaults for layers that mklayer compresses."""
    if level:
        args.add(level, format = "--level=%s")
    if compression:
        args.add(compression, format = "--compression=%s")
        return
    args.add(configuration.compression, format = "--default-compression=%s")
    if configuration.compression_level:
        args.add(configuration.compression_level, format = "--default-level=%s")

def packing_of(attr):
    """Returns how a layer is compressed that no archive can become.

    Args:
      attr: The rule's attributes, including PACKING_ATTRS.

    Returns:
      struct of compression, level, and suffix, with which the name of the blob ends.
    """
    compression, level = attr.compression, attr.compression_level
    if not compression:
        configuration = configuration_of(attr)
        compression = configuration.compression
        level = level or configuration.compression_level
    return struct(compression = compression, level = level, suffix = _SUFFIXES[compression])

def pack(ctx, name, args, inputs, may_be_kept = False):
    """Declares a layer and the action that makes it.

    Args:
      ctx: The rule's context. The rule must have PACKING_ATTRS or CONFIGURATION_ATTRS.
      name: Name of the outputs, without a suffix.
      args: Args with the layer's entries and settings.
      inputs: depset of the Files that the entries refer to.
      may_be_kept: Whether mklayer may use an archive unchanged as the layer, with the archive's compression.

    Returns:
      LayerInfo.
    """
    configuration = configuration_of(ctx.attr)
    compression = getattr(ctx.attr, "compression", "")
    _add_packing(args, getattr(ctx.attr, "compression_level", 0), compression, configuration)
    if not compression and not may_be_kept:
        compression = configuration.compression

    # SOCI reads gzip; the compression of an archive that may be kept is unknown here.
    ztoc = configuration.soci and compression in ["", "gzip"]
    layer = _declare(ctx, name, compression, ztoc)
    make_layer(
        ctx,
        args,
        inputs,
        layer.blob,
        layer.descriptor,
        layer.shape,
        layer.ztoc,
        configuration.layer_workers,
    )
    return layer

def _declare(ctx, name, compression, ztoc = False):
    return LayerInfo(
        blob = ctx.actions.declare_file(name + _SUFFIXES.get(compression, _SUFFIX_OF_UNKNOWN)),
        descriptor = ctx.actions.declare_file(name + ".layer.json"),
        shape = ctx.actions.declare_file(name + ".shape.json"),
        ztoc = ctx.actions.declare_file(name + ".ztoc") if ztoc else None,
    )

def declare_layer(ctx, name):
    """Declares the Files of a layer, for rules with CONFIGURATION_ATTRS.

    Args:
      ctx: The rule's context.
      name: Name of the outputs, without a suffix.

    Returns:
      LayerInfo.
    """
    return _declare(ctx, name, configuration_of(ctx.attr).compression)

def default_packing(ctx):
    """Returns the compression flags for a tool, for rules with CONFIGURATION_ATTRS."""
    configuration = configuration_of(ctx.attr)
    level = configuration.compression_level
    return ["--compression=" + configuration.compression] + (["--level=%d" % level] if level else [])
