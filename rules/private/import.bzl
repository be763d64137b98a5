"""image_import: imports an image or an index that another program made."""

load(":actions.bzl", "import_image")
load(":configuration.bzl", "CONFIGURATION_ATTRS")
load(":image_outputs.bzl", "image_providers", "index_providers")
load(":policy.bzl", "imported_facts")
load(":providers.bzl", "ImageInfo", "IndexInfo")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

_BOTH = """{label}: attributes platform and platforms: set only one of them.
With platform, the image is imported; with platforms, the whole index."""

_TWICE = """{label}: attribute platforms: {platform} is listed twice."""

def _import_image(ctx, name, platform):
    """Declares the import of one image.

    Args:
      ctx: The rule's context.
      name: Start of the names of the files.
      platform: Platform of the image, or an empty string.

    Returns:
      tuple of the ImageInfo and the File with its digest.
    """
    choice = {"platform": platform, "ref": ctx.attr.ref}
    documents = {
        "config": ctx.actions.declare_file(name + ".config.json"),
        "descriptor": ctx.actions.declare_file(name + ".descriptor.json"),
        "digest": ctx.actions.declare_file(name + ".digest"),
        "manifest": ctx.actions.declare_file(name + ".manifest.json"),
        "shape": ctx.actions.declare_file(name + ".shape.json"),
    }
    import_image(ctx, ctx.file.src, choice, documents, "Importing metadata of image %{label}")

    # A separate action, so that a compressed archive is unpacked only when something needs the layers' bytes.
    blobs = ctx.actions.declare_directory(name + ".blobs")
    import_image(ctx, ctx.file.src, choice, {"blobs": blobs}, "Importing layers of image %{label}")
    image = ImageInfo(
        config = documents["config"],
        manifest = documents["manifest"],
        descriptor = documents["descriptor"],
        layers = (),
        blobs = depset([struct(directory = blobs, source = ctx.file.src)]),
        shapes = (documents["shape"],),
        platform = platform or None,
    )
    return image, documents["digest"]

def _import_index(ctx):
    """Declares the import of an index, and returns its providers."""
    name = ctx.label.name
    images = [
        _import_image(ctx, "%s.%s" % (name, platform.replace("/", "_")), platform)[0]
        for platform in ctx.attr.platforms
    ]
    choice = {"except": ctx.attr.platforms, "ref": ctx.attr.ref}
    documents = {
        "descriptor": ctx.actions.declare_file(name + ".descriptor.json"),
        "digest": ctx.actions.declare_file(name + ".digest"),
        "index": ctx.actions.declare_file(name + ".index.json"),
    }
    import_image(ctx, ctx.file.src, choice, documents, "Importing index %{label}")
    blobs = ctx.actions.declare_directory(name + ".blobs")
    import_image(ctx, ctx.file.src, choice, {"index-blobs": blobs}, "Importing contents of index %{label}")
    index = IndexInfo(
        index = documents["index"],
        descriptor = documents["descriptor"],
        images = tuple(images),
        blobs = depset([struct(directory = blobs, source = ctx.file.src)]),
    )
    return index_providers(ctx, index, documents["digest"]) + imported_facts(ctx, images, True)

def _impl(ctx):
    platforms = ctx.attr.platforms
    if not platforms:
        image, digest = _import_image(ctx, ctx.label.name, ctx.attr.platform)
        return image_providers(ctx, image, digest) + imported_facts(ctx, [image], False)
    if ctx.attr.platform:
        fail(_BOTH.format(label = ctx.label))
    for number, platform in enumerate(platforms):
        if platform in platforms[:number]:
            fail(_TWICE.format(label = ctx.label, platform = platform))
    return _import_index(ctx)

image_import = rule(
    doc = """Imports an image or an index from a file or a directory, to use it as a base for `image` or to push or load it.

The source is an OCI image layout, an OCI archive (`podman save --format=oci-archive`, `skopeo copy`) or a docker-archive
(`docker save`, `podman save`); the format is detected from the content. The config and the layers keep their bytes, and so
does the manifest, except from a docker-archive, which has none. Every digest and size is verified. If several images match,
complete images take precedence over those with missing blobs. Non-distributable layers with URLs may be missing: images
built on top keep them in the manifest and can be pushed, but archives do not contain them.

With `platforms`, the target is an index, which keeps its bytes and everything that it lists: it then provides `IndexInfo`
instead of `ImageInfo`. See docs/base-images.md.""",
    implementation = _impl,
    attrs = CONFIGURATION_ATTRS | {
        "platform": attr.string(
            doc = "Platform of the image, like `linux/arm64` or `linux/arm/v7`, if the source has images for several.",
        ),
        "platforms": attr.string_list(
            doc = """Import the whole index instead of one image. These are the platforms in it, like `linux/arm64`, whose images
can be bases; others are imported, too.""",
        ),
        "ref": attr.string(
            doc = "Name of the image, like `localhost/app:latest` or a tag alone, if the source has several images.",
        ),
        "src": attr.label(
            doc = "The archive, or the directory with the image layout.",
            mandatory = True,
            allow_single_file = True,
        ),
    },
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
