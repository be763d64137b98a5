"""image_index: joins the images of several platforms under one name."""

load(":actions.bzl", "make_index")
load(":image_outputs.bzl", "document_outputs", "index_providers")
load(":providers.bzl", "ImageInfo", "IndexInfo")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

_PLATFORMS = "//command_line_option:platforms"

def _transition_impl(settings, attr):
    # Keys sort in the order of the platforms, which becomes the order of the index.
    if not attr.platforms:
        return {"0": {_PLATFORMS: settings[_PLATFORMS]}}
    return {
        str(1000 + number): {_PLATFORMS: [str(platform)]}
        for number, platform in enumerate(attr.platforms)
    }

_each_platform = transition(
    implementation = _transition_impl,
    inputs = [_PLATFORMS],
    outputs = [_PLATFORMS],
)

def _impl(ctx):
    images = [
        image[ImageInfo]
        for _, targets in sorted(ctx.split_attr.images.items())
        for image in targets
    ]
    outputs = document_outputs(ctx, "index")
    make_index(ctx, images, ctx.attr.annotations, outputs)
    index = IndexInfo(
        index = outputs.document,
        descriptor = outputs.descriptor,
        images = tuple(images),
    )
    return index_providers(ctx, index, outputs.digest)

image_index = rule(
    doc = """An image index: one name for images of several platforms, of which each machine takes its own.

Either `images` lists one image for each platform, or it names one image that is built for each of `platforms`. `bazel build`
makes the small files `NAME.index.json` and `NAME.digest`; output groups are those of `image`.""",
    implementation = _impl,
    attrs = {
        "annotations": attr.string_dict(
            doc = "Annotations of the index.",
        ),
        "images": attr.label_list(
            doc = "The images. No two may have the same platform.",
            mandatory = True,
            allow_empty = False,
            cfg = _each_platform,
            providers = [ImageInfo],
        ),
        "platforms": attr.label_list(
            doc = "Platforms to build the images for, in this order. Unset means to build them as they are.",
            providers = [platform_common.PlatformInfo],
        ),
    },
    provides = [IndexInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
