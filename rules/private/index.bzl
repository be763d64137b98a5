"""image_index: combines images for several platforms."""

load(":actions.bzl", "make_index")
load(":contents.bzl", "IMAGE_OR_INDEX")
load(":expand.bzl", "expand")
load(":forwarded.bzl", "forwarded_image")
load(":image_outputs.bzl", "DIGEST_OUTPUT", "document_outputs", "index_providers")
load(":policy.bzl", "index_validation")
load(":providers.bzl", "ImageInfo", "IndexInfo", "blobs_of")
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

_SAME = """{label}: {target} is the same for several of the platforms.
Remove its attribute platform, or list it without platforms."""

def _impl(ctx):
    targets = [
        target
        for _, targets in sorted(ctx.split_attr.images.items())
        for target in targets
    ]
    children = [target[ImageInfo] if ImageInfo in target else target[IndexInfo] for target in targets]
    _check_distinct(ctx, targets, children)
    outputs = document_outputs(ctx, "index")
    annotations = expand(ctx, "annotations", ctx.attr.annotations)
    status = status_of(ctx, annotations.values(), [ctx.file.annotations_file])
    make_index(ctx, children, annotations, ctx.file.annotations_file, outputs, status)
    images = []
    blobs = []
    for target in targets:
        if ImageInfo in target:
            images.append(target[ImageInfo])
        else:
            images.extend(target[IndexInfo].images)
            blobs.append(blobs_of(target[IndexInfo]))
    index = IndexInfo(
        index = outputs.document,
        descriptor = outputs.descriptor,
        images = tuple(images),
        blobs = depset(transitive = blobs),
    )
    validation = index_validation(ctx, targets)
    return index_providers(ctx, index, outputs.digest, validation.groups) + validation.providers

def _check_distinct(ctx, targets, children):
    """Fails if an image does not depend on the platform that it is built for. Bazel may omit its repetitions."""
    if not ctx.attr.platforms:
        return
    listed = max([len(seen) for seen in ctx.split_attr.images.values()])
    documents = {child.descriptor: None for child in children}
    if len(documents) == listed * len(ctx.attr.platforms):
        return

    # An alias has one label for each platform, so labels alone do not show which image it is.
    labels = {}
    for target in targets:
        labels[target.label] = labels.get(target.label, 0) + 1
    suspects = [str(label) for label, count in labels.items() if count < len(ctx.attr.platforms)]
    fail(_SAME.format(label = ctx.label, target = " or ".join(suspects or [str(label) for label in labels])))

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
            doc = """The images. Each must have a different platform. The images of an `image_index`, or of an index that
`image_import` imports, are listed in its place.""",
            mandatory = True,
            allow_empty = False,
            aspects = [forwarded_image],
            cfg = _each_platform,
            providers = IMAGE_OR_INDEX,
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
