"""The layers of locked bases, which a build fetches only if something needs their bytes.

Bazel fetches a repository as soon as it analyzes a target in it, even if nothing builds that target. Therefore the
repositories of layers are behind a `select` on `//rules:base_blobs_needed`. A rule that needs bytes depends on its image twice:
in the current configuration for everything that is built, and in one where the condition holds for the layers of locked
bases. `without_base_blobs` leaves that configuration for the layers that the image lists, so nothing is built twice.
"""

load(":base_setting.bzl", "BASE_BLOBS", "FEATURES")
load(":contents.bzl", "contents_of", "with_layers")

visibility(["//rules/..."])

# The two configurations.
_CURRENT = "current"
_WITH_BYTES = "with bytes"

def _with_impl(settings, attr):
    features = settings[FEATURES]
    seen = {_CURRENT: {FEATURES: features}}
    if BASE_BLOBS not in features and getattr(attr, "fetch_base", True):
        seen[_WITH_BYTES] = {FEATURES: features + [BASE_BLOBS]}
    return seen

# The cfg of an attribute with images whose bytes are needed. contents_with_blobs and each_contents_with_blobs return the
# contents.
with_base_blobs = transition(
    implementation = _with_impl,
    inputs = [FEATURES],
    outputs = [FEATURES],
)

def contents_with_blobs(ctx, attribute = "image"):
    """Returns the contents of a rule's image, including the bytes of its layers.

    Args:
      ctx: The rule's context.
      attribute: The attribute with the image, of the cfg with_base_blobs.

    Returns:
      The contents as returned by contents_of, with the blobs of all layers.
    """
    return _contents_with_blobs(*split_targets(ctx, attribute))

def split_targets(ctx, attribute):
    """Returns both targets of an attribute of the cfg with_base_blobs.

    Args:
      ctx: The rule's context.
      attribute: The attribute.

    Returns:
      tuple of the Target in the current configuration, and the Target with the bytes of locked layers, or None if the current
      one has them.
    """
    seen = getattr(ctx.split_attr, attribute)
    return seen[_CURRENT], seen.get(_WITH_BYTES)

def each_contents_with_blobs(ctx):
    """Is like contents_with_blobs, for the attribute `images`.

    Args:
      ctx: The rule's context. Its attribute `images`, a dict from strings to labels, has the cfg with_base_blobs.

    Returns:
      dict from the attribute's keys to contents.
    """
    seen = ctx.split_attr.images
    with_bytes = seen.get(_WITH_BYTES, {})
    return {key: _contents_with_blobs(target, with_bytes.get(key)) for key, target in seen[_CURRENT].items()}

def _contents_with_blobs(current, with_bytes):
    contents = contents_of(current)
    if not with_bytes:
        return contents  # The setting was already on.
    return with_layers(contents, _complete(contents.layers, contents_of(with_bytes).layers))

def current(ctx, attribute):
    """Returns the target of an attribute of the cfg with_base_blobs, without the bytes of locked layers."""
    return getattr(ctx.split_attr, attribute)[_CURRENT]

def _complete(layers, with_bytes):
    """Returns the layers as a depset, those without a blob replaced by the same ones from with_bytes.

    Both depsets have the same layers in the same order, because the setting changes only the blobs of locked layers.
    """
    current, complete = layers.to_list(), with_bytes.to_list()  # a few per layer and platform
    if len(current) != len(complete):
        fail("%d layers, but %d with the bytes of bases" % (len(current), len(complete)))
    return depset([
        layer if layer.blob else complete[number]
        for number, layer in enumerate(current)
    ])
