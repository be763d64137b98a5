"""image: combines layers and settings."""

load(":actions.bzl", "make_config", "make_manifest")
load(":base_setting.bzl", "without_base_blobs")
load(":contents.bzl", "refuse_artifact")
load(":image_outputs.bzl", "DIGEST_OUTPUT", "document_outputs", "image_providers")
load(":packing.bzl", "MKLAYER_ATTRS")
load(":platform.bzl", "PLATFORM_ATTRS", "target_platform")
load(":providers.bzl", "ArtifactInfo", "ImageInfo", "shape_of", "shapes_of")
load(":settings.bzl", "SETTING_ATTRS", "pairs_file", "settings_of")
load(":tar_layers.bzl", "layers_and_tars")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

def _impl(ctx):
    refuse_artifact(ctx, "base", "it has no layers to build on")
    base = ctx.attr.base[ImageInfo] if ctx.attr.base else None
    layers = layers_and_tars(ctx)

    # An image with a base has the base's platform; an image from scratch has the target platform.
    settings = settings_of(ctx.attr, {} if base else target_platform(ctx))
    config = ctx.actions.declare_file(ctx.label.name + ".config.json")
    config_descriptor = ctx.actions.declare_file(ctx.label.name + ".config.descriptor.json")
    files = {"env-file": ctx.file.env_file, "labels-file": ctx.file.labels_file}
    make_config(ctx, settings, files, base, layers, config, config_descriptor)
    outputs = document_outputs(ctx, "manifest")
    make_manifest(ctx, config_descriptor, base, layers, ctx.attr.annotations, ctx.file.annotations_file, outputs)

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
    doc = """Builds an image for one platform: a base, layers on top of it, and settings.

Settings that are unset are inherited from the base, except those listed in `clear`.

By default, `bazel build` writes only small files: `NAME.manifest.json`, `NAME.config.json` and `NAME.digest`, which is also a
label. The output groups are `oci_layout` (a directory), `archive` (a tar), `manifest`, `config` and `digest`. Only the first two
need the bytes of the layers. If the base is locked, its layers are in a registry: use `image_archive` for these two.

The platform is that of the base, or the target platform if there is no base.""",
    implementation = _impl,
    attrs = SETTING_ATTRS | PLATFORM_ATTRS | MKLAYER_ATTRS | {
        "annotations": attr.string_dict(
            doc = "Annotations of the manifest. Annotations of the base are not inherited, because they describe the base.",
        ),
        "annotations_file": pairs_file("annotations"),
        "base": attr.label(
            doc = "The base image: an `image`, an `image_import`, or `@NAME` from a lock file. If unset, there is no base.",
            providers = [[ImageInfo], [ArtifactInfo]],
        ),
        "env_file": pairs_file("env"),
        "labels_file": pairs_file("labels"),
        "layers": attr.label_list(
            doc = """Layers to add on top of the base, lowest first: `image_layer`, `image_binary_layers` and `conda_layers` targets,
and tar archives. Each file of a target without layers, for example a `pkg_tar`, becomes the layer that
`image_layer(tars = [file])` would be: the archive itself, byte for byte, if all engines read it in the same way.""",
            allow_files = True,
            cfg = without_base_blobs,
        ),
    },
    outputs = DIGEST_OUTPUT,
    provides = [ImageInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
