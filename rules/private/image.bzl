"""image: combines layers and settings."""

load(":actions.bzl", "make_config", "make_manifest")
load(":base.bzl", "image_of")
load(":base_setting.bzl", "without_base_blobs")
load(":contents.bzl", "ANY_CONTENTS", "refuse_artifact")
load(":expand.bzl", "expand")
load(":forwarded.bzl", "forwarded_image")
load(":image_outputs.bzl", "DIGEST_OUTPUT", "document_outputs", "image_providers")
load(":launch.bzl", "LaunchInfo", "program_setting")
load(":platform.bzl", "target_platform")
load(":policy.bzl", "image_validation")
load(":providers.bzl", "ImageInfo", "LayersInfo", "layers_of", "platform_of", "shape_of", "shapes_of")
load(
    ":settings.bzl",
    "DATA_ATTR",
    "SETTING_ATTRS",
    "SETTING_FILE_ATTRS",
    "pairs_file",
    "setting_files",
    "settings_of",
    "stamped_files",
    "stamped_texts",
)
load(":stamp.bzl", "STAMP_ATTRS", "status_of")
load(":tar_layers.bzl", "layers_and_tars")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")
load(":variants.bzl", "format_platform", "higher_variant")

visibility(["//rules/..."])

_PLATFORMS = "//command_line_option:platforms"

_SELECT = """image {name}: attribute platform: a select cannot choose the platform, because its conditions depend on the platform.
Declare one image per platform, or use image_index."""

def _transition_impl(_settings, attr):
    if not attr.platform:
        return {}  # The target platform is unchanged.
    if type(attr.platform) != "Label":
        fail(_SELECT.format(name = attr.name))
    return {_PLATFORMS: [str(attr.platform)]}

_to_platform = transition(
    implementation = _transition_impl,
    inputs = [],
    outputs = [_PLATFORMS],
)

def _platform(base, target, settings, attr):
    """Returns the name of the image's platform, or None if it is unknown before the build."""
    if not base:
        return format_platform(settings)
    platform = platform_of(base)
    if not platform or [name for name in ["architecture", "os", "variant"] if name in attr.clear]:
        return None
    if attr.variant:
        return "/".join(platform.split("/")[:2] + [attr.variant])
    return higher_variant(platform, target)

def _impl(ctx):
    refuse_artifact(ctx, "base", "it has no layers to build on")
    base = image_of(ctx, ctx.attr.base) if ctx.attr.base else None
    layers = layers_of(ctx.attr.program or []) + layers_and_tars(ctx)

    # An image with a base has the base's platform, but at least the variant that its layers are built for; an image from
    # scratch has the target platform.
    target = target_platform(ctx)
    settings = settings_of(ctx, target if not base else {}) | program_setting(ctx)
    if base and target.get("variant"):
        settings["least_variant"] = "%s/%s" % (target["architecture"], target["variant"])
    config = ctx.actions.declare_file(ctx.label.name + ".config.json")
    config_descriptor = ctx.actions.declare_file(ctx.label.name + ".config.descriptor.json")
    files = setting_files(ctx)
    status = status_of(ctx, stamped_texts(settings), stamped_files(files))
    if status:
        files["status"] = status
    make_config(ctx, settings, files, base, layers, config, config_descriptor)
    outputs = document_outputs(ctx, "manifest")
    annotations = expand(ctx, "annotations", ctx.attr.annotations, ctx.attr.data)
    status = status_of(ctx, annotations.values(), [ctx.file.annotations_file])
    make_manifest(ctx, config_descriptor, base, layers, annotations, ctx.file.annotations_file, outputs, status)

    image = ImageInfo(
        config = config,
        manifest = outputs.document,
        descriptor = outputs.descriptor,
        layers = (base.layers if base else ()) + tuple(layers),
        blobs = base.blobs if base else depset(),
        shapes = (shapes_of(base) if base else ()) + tuple([shape for shape in [shape_of(layer) for layer in layers] if shape]),
        platform = _platform(base, target, settings, ctx.attr),
    )
    validation = image_validation(ctx, image)
    return image_providers(ctx, image, outputs.digest, validation.groups) + validation.providers

image = rule(
    doc = """Builds an image for one platform: a base, layers on top of it, and settings.

Settings that are unset are inherited from the base, except those listed in `clear`.

By default, `bazel build` writes only small files: `NAME.manifest.json`, `NAME.config.json` and `NAME.digest`, which is also a
label. The output groups are `oci_layout` (a directory), `archive` (a tar), `manifest`, `config` and `digest`. Only the first two
need the bytes of the layers. If the base is locked, its layers are in a registry: use `image_archive` for these two.

The platform is that of the base, or the target platform if there is no base. See docs/images.md.""",
    implementation = _impl,
    cfg = _to_platform,
    attrs = SETTING_ATTRS | SETTING_FILE_ATTRS | STAMP_ATTRS | DATA_ATTR | {
        "annotations": attr.string_dict(
            doc = """Annotations of the manifest. Annotations of the base are not inherited, because they describe the base. Values
may contain variables like `{{STABLE_NAME}}`.""",
        ),
        "annotations_file": pairs_file("annotations"),
        "base": attr.label(
            doc = """The base image: an `image`, an `image_import`, or `@NAME` from a lock file. For an `image_index`, the image
in it for the target platform. If unset, there is no base.""",
            aspects = [forwarded_image],
            providers = ANY_CONTENTS,
        ),
        "layers": attr.label_list(
            doc = """Layers to add on top of the base, lowest first: `image_layer`, `image_binary_layers` and `conda_layers` targets,
and tar archives. Each file of a target without layers, for example a `pkg_tar`, becomes the layer that
`image_layer(tars = [file])` would be: the archive itself, byte for byte, if all engines read it in the same way.""",
            allow_files = True,
            cfg = without_base_blobs,
        ),
        "platform": attr.label(
            doc = """Platform to build the image for, like `//platforms:linux_arm64`, whatever the target platform is. If unset,
the target platform. For several platforms, use `image_index`. Cannot be a `select`.""",
            providers = [platform_common.PlatformInfo],
        ),
        "program": attr.label(
            doc = """The program that the image runs, an `image_binary_layers` target. Its layers come above the base and below
`layers`, its path is the default of `entrypoint`, its target's `args` the default of `cmd`, and its environment is added to
that of the base, below `env_file` and `env`. With `entrypoint`, its `args` are unused. See docs/languages.md.""",
            cfg = without_base_blobs,
            providers = [LayersInfo, LaunchInfo],
        ),
    },
    outputs = DIGEST_OUTPUT,
    provides = [ImageInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
