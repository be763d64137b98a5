"""image_import: takes an image that another program made as a base."""

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

    # An action of its own: layers are copied only when something needs their bytes.
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
    doc = """Takes an image from a file or a directory, as a base for `image` or to push or load it.

The source is an OCI image layout, an OCI archive (`podman save --format=oci-archive`, `skopeo copy`) or a docker-archive
(`docker save`, `podman save`), known by its content. The bytes of config and layers stay what they are, and so does the
manifest, unless the source is a docker-archive, which has none. Every digest and size is verified. Of several images that
fit, one that is complete is taken before others of which blobs are missing. Layers that may not be distributed and state
their URLs may be absent: they stay in the manifest of all images on top, which can be pushed, but are in no archive.""",
    implementation = _impl,
    attrs = {
        "platform": attr.string(
            doc = "The platform to take, like `linux/arm64` or `linux/arm/v7`, where the source has images for several.",
        ),
        "ref": attr.string(
            doc = "The name of the image to take, like `localhost/app:latest` or a bare tag, where the source has several.",
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
