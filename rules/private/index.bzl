"""image_index: combines images for several platforms."""

load(":actions.bzl", "make_index")
load(":expand.bzl", "expand")
load(":image_outputs.bzl", "DIGEST_OUTPUT", "document_outputs", "index_providers")
load(":providers.bzl", "ImageInfo", "IndexInfo")
load(":settings.bzl", "pairs_file")
load(":stamp.bzl", "STAMP_ATTRS", "status_of")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

_PLATFORMS = "//command_line_option:platforms"

def _transition_impl(settings, attr):
    # The keys sort in the order of the platforms, which becomes the order of the index.
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
    annotations = expand(ctx, "annotations", ctx.attr.annotations)
    status = status_of(ctx, annotations.values(), [ctx.file.annotations_file])
    make_index(ctx, images, annotations, ctx.file.annotations_file, outputs, status)
    index = IndexInfo(
        index = outputs.document,
        descriptor = outputs.descriptor,
        images = tuple(images),
    )
    return index_providers(ctx, index, outputs.digest)

image_index = rule(
    doc = """Builds an image index: a single name for the images of several platforms. Each machine pulls the image for its own.

Either list one image per platform in `images`, or list a single image and the `platforms` to build it for. By default,
`bazel build` writes only small files, `NAME.index.json` and `NAME.digest`, which is also a label. The output groups are those of `image`.""",
    implementation = _impl,
    attrs = STAMP_ATTRS | {
        "annotations": attr.string_dict(
            doc = "Annotations of the index. Values may contain variables like `{{STABLE_NAME}}`.",
        ),
        "annotations_file": pairs_file("annotations"),
        "images": attr.label_list(
            doc = "The images. Each must have a different platform.",
            mandatory = True,
            allow_empty = False,
            cfg = _each_platform,
            providers = [ImageInfo],
        ),
        "platforms": attr.label_list(
            doc = "Platforms to build the images for, in this order. If unset, the target platform is unchanged.",
            providers = [platform_common.PlatformInfo],
        ),
    },
    outputs = DIGEST_OUTPUT,
    provides = [IndexInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
