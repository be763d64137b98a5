"""The image for the target platform, where an attribute takes an image or an index."""

load(":platform.bzl", "target_platform")
load(":providers.bzl", "ImageInfo", "IndexInfo", "platform_of")
load(":variants.bzl", "format_platform", "suitable")

visibility(["//rules/..."])

_NO_PLATFORM = """{label}: the index {index} is for {platforms}; the target platform does not state which.
Build for a platform with constraints for a CPU and an operating system, or name one image of the index."""

_NONE = """{label}: the index {index} has no image for {target}, only for {platforms}.
Add an image for that platform to the index, or build for another platform, for example with the attribute platform."""

_UNKNOWN = """
The platform of an image_import is known only if its attribute platform states it."""

_SEVERAL = """{label}: the index {index} has {count} images for {target}.
Name one of them instead of the index."""

def image_of(ctx, target):
    """Returns the image that a target provides or, if it provides an index, the image in it for the target platform.

    Args:
      ctx: The rule's context. The rule must have CONFIGURATION_ATTRS.
      target: The Target with ImageInfo or IndexInfo.

    Returns:
      ImageInfo.
    """
    if ImageInfo in target:
        return target[ImageInfo]
    images = target[IndexInfo].images
    platforms = [platform_of(image) for image in images]
    wanted = target_platform(ctx)
    found = suitable(platforms, wanted)
    if len(found) == 1:
        return images[found[0]]
    name = format_platform(wanted)
    facts = {
        "count": len(found),
        "index": target.label,
        "label": ctx.label,
        "platforms": ", ".join([platform or "an unknown platform" for platform in platforms]),
        "target": name,
    }
    if not name:
        fail(_NO_PLATFORM.format(**facts))
    if found:
        fail(_SEVERAL.format(**facts))
    fail((_NONE + (_UNKNOWN if None in platforms else "")).format(**facts))
