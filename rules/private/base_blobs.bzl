"""The layers of locked bases, which a build fetches only if something needs their bytes.

A repository is fetched as soon as a target of it is analysed, whatever is built then. So the repositories of layers are
behind a `select` on the build setting `//rules:base_blobs`, and a rule that needs bytes looks at its image twice: as it is,
for the documents, and once more with the setting on, for the layers. Of what it sees the second time only layers are used,
and of these only the blobs of locked bases can differ: `without_base_blobs` turns the setting off again on the way to
whatever is built. So nothing is built twice.
"""

load(":base_setting.bzl", "BASE_BLOBS")
load(":contents.bzl", "contents_of", "with_layers")

visibility(["//rules/..."])

# The two looks.
_AS_IT_IS = "as it is"
_WITH_BYTES = "with bytes"

def _with_impl(settings, _attr):
    seen = {_AS_IT_IS: {BASE_BLOBS: settings[BASE_BLOBS]}}
    if not settings[BASE_BLOBS]:
        seen[_WITH_BYTES] = {BASE_BLOBS: True}
    return seen

# For an attribute `image` whose bytes are needed; contents_with_blobs then returns its contents.
with_base_blobs = transition(
    implementation = _with_impl,
    inputs = [BASE_BLOBS],
    outputs = [BASE_BLOBS],
)

def contents_with_blobs(ctx):
    """Returns the contents of the image that a rule needs the bytes of.

    Args:
      ctx: The rule's context. Its attribute `image` has the cfg with_base_blobs.

    Returns:
      What contents_of returns, with the blobs of all layers.
    """
    seen = ctx.split_attr.image
    contents = contents_of(seen[_AS_IT_IS])
    if _WITH_BYTES not in seen:
        return contents  # The setting was on already.
    return with_layers(contents, contents_of(seen[_WITH_BYTES]).layers)
