"""image_squash: merges the layers of an image into one."""

load(":base.bzl", "image_of")
load(":base_blobs.bzl", "contents_with_blobs", "with_base_blobs")
load(":contents.bzl", "IMAGE_OR_INDEX")
load(":forwarded.bzl", "forwarded_image")
load(":image_outputs.bzl", "DIGEST_OUTPUT", "image_providers")
load(":packing.bzl", "PACKING_ATTRS", "packing_of")
load(":policy.bzl", "image_validation")
load(":providers.bzl", "ImageInfo", "LayerInfo", "platform_of", "shapes_of")
load(":rootfs_actions.bzl", "make_squash")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

def _impl(ctx):
    name = ctx.label.name
    above = image_of(ctx, ctx.attr.above) if ctx.attr.above else None
    packing = packing_of(ctx.attr)
    outputs = struct(
        blob = ctx.actions.declare_file(name + packing.suffix),
        layer = ctx.actions.declare_file(name + ".layer.json"),
        shape = ctx.actions.declare_file(name + ".shape.json"),
        config = ctx.actions.declare_file(name + ".config.json"),
        manifest = ctx.actions.declare_file(name + ".manifest.json"),
        descriptor = ctx.actions.declare_file(name + ".descriptor.json"),
        digest = ctx.outputs.digest,
    )
    make_squash(ctx, contents_with_blobs(ctx), above, packing, outputs)
    layer = LayerInfo(blob = outputs.blob, descriptor = outputs.layer, shape = outputs.shape)
    image = ImageInfo(
        config = outputs.config,
        manifest = outputs.manifest,
        descriptor = outputs.descriptor,
        layers = (above.layers if above else ()) + (layer,),
        blobs = above.blobs if above else depset(),
        shapes = (shapes_of(above) if above else ()) + (outputs.shape,),
        platform = platform_of(ctx.split_attr.image.values()[0][ImageInfo]),
    )
    validation = image_validation(ctx, image)
    return image_providers(ctx, image, outputs.digest, validation.groups) + validation.providers

image_squash = rule(
    doc = """Merges all layers of an image, or those above its base, into one layer.

The result is an image with the same settings, for every attribute that takes one. The layer contains what a container of the
image starts with: files that a higher layer replaces or deletes are gone. Its bytes depend on the merged files only, not on
how they were spread over layers. In the history, one entry replaces those of the merged layers.

Layers are what registries and engines share between images and what a push can skip, so squash an image only for a reason: to
remove files that must not be distributed, or to stay below a limit of layers. The layers of a locked base are fetched from
their registry. For several platforms, squash in the `images` of an `image_index`.""",
    implementation = _impl,
    attrs = PACKING_ATTRS | {
        "above": attr.label(
            aspects = [forwarded_image],
            doc = """The base of the image, whose layers are kept. Only the layers above are merged, and the layer deletes from the
base what they delete. If unset, all layers are merged. An image that is not at the bottom of `image` is an error.""",
            providers = IMAGE_OR_INDEX,
        ),
        "image": attr.label(
            doc = "The image: an `image`, an `image_import`, or `@NAME` from a lock file.",
            mandatory = True,
            aspects = [forwarded_image],
            cfg = with_base_blobs,
            providers = [ImageInfo],
        ),
    },
    outputs = DIGEST_OUTPUT,
    provides = [ImageInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
