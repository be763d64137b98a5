"""Images behind rules that forward files but no providers, like `filegroup` and `platform_transition_filegroup`."""

load(":configuration.bzl", "PolicyCheckedInfo")
load(":providers.bzl", "ImageInfo", "IndexInfo")

visibility(["//rules/..."])

def _impl(target, ctx):
    if ImageInfo in target or IndexInfo in target:
        return []
    srcs = getattr(ctx.rule.attr, "srcs", [])
    if type(srcs) != "list" or len(srcs) != 1 or type(srcs[0]) != "Target":
        return []
    return [srcs[0][info] for info in [ImageInfo, IndexInfo, PolicyCheckedInfo] if info in srcs[0]]

# An aspect for attributes that take an image: a target whose only source provides an image provides that image, too.
forwarded_image = aspect(
    implementation = _impl,
    attr_aspects = ["srcs"],
)
