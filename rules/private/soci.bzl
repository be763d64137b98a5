"""image_soci: an image that SOCI pulls lazily."""

load(":configuration.bzl", "CONFIGURATION_ATTRS", "PolicyCheckedInfo", "configuration_of")
load(":contents.bzl", "IMAGE_OR_INDEX")
load(":forwarded.bzl", "forwarded_image")
load(":image_outputs.bzl", "DIGEST_OUTPUT", "document_outputs", "index_providers")
load(":providers.bzl", "ImageInfo", "IndexInfo", "blobs_of", "platform_of", "shapes_of")
load(":soci_actions.bzl", "make_soci")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

_NO_ZTOCS = """{label}: the layers of {image} have no zTOCs.
Add this line to .bazelrc: common --@rules_strata//rules:soci"""

def _impl(ctx):
    if not configuration_of(ctx.attr).soci:
        fail(_NO_ZTOCS.format(image = ctx.attr.image.label, label = ctx.label))
    index = ctx.attr.image[IndexInfo] if IndexInfo in ctx.attr.image else None
    images = index.images if index else [ctx.attr.image[ImageInfo]]
    outputs = document_outputs(ctx, "index")
    blobs = ctx.actions.declare_directory(ctx.label.name + ".blobs")
    made = [
        ImageInfo(
            config = image.config,
            manifest = ctx.actions.declare_file("%s.images/%d.manifest.json" % (ctx.label.name, number + 1)),
            descriptor = ctx.actions.declare_file("%s.images/%d.descriptor.json" % (ctx.label.name, number + 1)),
            layers = image.layers,
            blobs = image.blobs,
            shapes = shapes_of(image),
            platform = platform_of(image),
        )
        for number, image in enumerate(images)
    ]
    make_soci(ctx, images, index.index if index else None, ctx.attr.min_layer_size, struct(
        blobs = blobs,
        descriptor = outputs.descriptor,
        digest = outputs.digest,
        document = outputs.document,
        images = made,
    ))
    return index_providers(
        ctx,
        IndexInfo(
            index = outputs.document,
            descriptor = outputs.descriptor,
            images = tuple(made),
            blobs = depset([struct(directory = blobs, source = None)], transitive = [blobs_of(index)] if index else []),
        ),
        outputs.digest,
    ) + [ctx.attr.image[info] for info in [PolicyCheckedInfo] if info in ctx.attr.image]

image_soci = rule(
    doc = """Adds what SOCI needs to start containers of an image before its layers are pulled: a zTOC for each layer, and an
index of the image and its SOCI manifest.

Layers keep their bytes. The image's manifest gets an annotation, so its digest is another one. Requires the flag
`--@rules_strata//rules:soci`. Layers that are small or have no zTOC are left out: they are pulled as usual, and the build
says so. See docs/lazy-pulling.md. The outputs are those of `image_index`.""",
    implementation = _impl,
    attrs = CONFIGURATION_ATTRS | {
        "image": attr.label(
            doc = "The `image` or `image_index`.",
            mandatory = True,
            aspects = [forwarded_image],
            providers = IMAGE_OR_INDEX,
        ),
        "min_layer_size": attr.int(
            doc = "Size in bytes below which layers have no zTOC: pulling them lazily takes more time than it saves.",
            default = 10 << 20,
        ),
    },
    outputs = DIGEST_OUTPUT,
    provides = [IndexInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
