"""image: puts layers and settings together."""

load(":actions.bzl", "make_config", "make_manifest")
load(":base_setting.bzl", "without_base_blobs")
load(":image_outputs.bzl", "document_outputs", "image_providers")
load(":platform.bzl", "PLATFORM_ATTRS", "target_platform")
load(":providers.bzl", "ImageInfo", "LayerInfo", "LayersInfo", "layers_of", "shape_of", "shapes_of")
load(":settings.bzl", "SETTING_ATTRS", "settings_of")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

def _impl(ctx):
    base = ctx.attr.base[ImageInfo] if ctx.attr.base else None
    layers = layers_of(ctx.attr.layers)

    # A base has a platform already; only an image from scratch takes the build's.
    settings = settings_of(ctx.label, ctx.attr, {} if base else target_platform(ctx))
    config = ctx.actions.declare_file(ctx.label.name + ".config.json")
    config_descriptor = ctx.actions.declare_file(ctx.label.name + ".config.descriptor.json")
    make_config(ctx, settings, base, layers, config, config_descriptor)
    outputs = document_outputs(ctx, "manifest")
    make_manifest(ctx, config_descriptor, base, layers, ctx.attr.annotations, outputs)

    image = ImageInfo(
        config = config,
        manifest = outputs.document,
        descriptor = outputs.descriptor,
        layers = (base.layers if base else ()) + tuple(layers),
        blobs = base.blobs if base else depset(),
        shapes = (shapes_of(base) if base else ()) + tuple([shape_of(layer) for layer in layers if shape_of(layer)]),
    )
    return image_providers(ctx, image, outputs.digest)

image = rule(
    doc = """An image for one platform: a base, layers on top of it, and settings.

What is not set is inherited from the base; what is listed in `clear` is dropped from it first. `bazel build` makes the small
files: `NAME.manifest.json`, `NAME.config.json` and `NAME.digest`. Output groups give the rest: `oci_layout` (a directory),
`archive` (a tar), `manifest`, `config`, `digest`. Only the first two touch the bytes of layers; on a locked base, whose
layers are in a registry, `image_archive` makes these two.

From scratch the platform is the target platform's; with a base it is the base's.""",
    implementation = _impl,
    attrs = SETTING_ATTRS | PLATFORM_ATTRS | {
        "annotations": attr.string_dict(
            doc = "Annotations of the manifest. The base's own describe the base and are not inherited.",
        ),
        "base": attr.label(
            doc = "The image to build on: an `image`, an `image_import`, or `@NAME` of a lock file. None means from scratch.",
            providers = [ImageInfo],
        ),
        "layers": attr.label_list(
            doc = "The layers to put on top, lowest first: `image_layer` and `image_binary_layers` targets.",
            cfg = without_base_blobs,
            providers = [[LayerInfo], [LayersInfo]],
        ),
    },
    provides = [ImageInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
