"""image_import: imports an image that another program made."""

load(":actions.bzl", "import_image")
load(":image_outputs.bzl", "image_providers")
load(":providers.bzl", "ImageInfo")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

def _impl(ctx):
    name = ctx.label.name
    source = ctx.file.src
    choice = {"platform": ctx.attr.platform, "ref": ctx.attr.ref}
    documents = {
        "config": ctx.actions.declare_file(name + ".config.json"),
        "descriptor": ctx.actions.declare_file(name + ".descriptor.json"),
        "digest": ctx.actions.declare_file(name + ".digest"),
        "manifest": ctx.actions.declare_file(name + ".manifest.json"),
        "shape": ctx.actions.declare_file(name + ".shape.json"),
    }
    import_image(ctx, source, choice, documents, "Importing metadata of image %{label}")

    # A separate action, so that layers are copied only when something needs their bytes.
    blobs = ctx.actions.declare_directory(name + ".blobs")
    import_image(ctx, source, choice, {"blobs": blobs}, "Importing layers of image %{label}")

    image = ImageInfo(
        config = documents["config"],
        manifest = documents["manifest"],
        descriptor = documents["descriptor"],
        layers = (),
        blobs = depset([blobs]),
        shapes = (documents["shape"],),
    )
    return image_providers(ctx, image, documents["digest"])

image_import = rule(
    doc = """Imports an image from a file or a directory, to use it as a base for `image` or to push or load it.

The source is an OCI image layout, an OCI archive (`podman save --format=oci-archive`, `skopeo copy`) or a docker-archive
(`docker save`, `podman save`); the format is detected from the content. The config and the layers keep their bytes, and so
does the manifest, except from a docker-archive, which has none. Every digest and size is verified. If several images match,
complete images take precedence over those with missing blobs. Non-distributable layers with URLs may be missing: images
built on top keep them in the manifest and can be pushed, but archives do not contain them.""",
    implementation = _impl,
    attrs = {
        "platform": attr.string(
            doc = "Platform of the image, like `linux/arm64` or `linux/arm/v7`, if the source has images for several.",
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
    provides = [ImageInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
