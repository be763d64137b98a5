"""The repository of a locked image, with its documents and a target for each platform."""

load(":blob_repository.bzl", "blob_repository_name")
load(":build_file.bzl", "build_file", "target_name")
load(":lock.bzl", "read_lock", "shape_text", "sources_of", "system_of", "text_of")

visibility(["//rules/..."])

def write_documents(ctx, platform, manifest, config, shape = None):
    """Writes the documents of a platform.

    Args:
      ctx: repository_ctx.
      platform: The platform.
      manifest: The manifest's text.
      config: The config's text.
      shape: The text of the shape of all layers, or None if it is unknown.

    Returns:
      dict from the kind of document to the name of its file, for locked_image.
    """
    names = {}
    for kind, text in {"config": config, "manifest": manifest, "shape": shape}.items():
        if text == None:
            continue
        names[kind] = "%s.%s.json" % (target_name(platform), kind)

        # Each character of the text represents one byte of the document.
        ctx.file(names[kind], text, executable = False, legacy_utf8 = False)
    return names

def layer_digests(manifest):
    """Returns the digests of the layers in a manifest's text as hexadecimal digits, lowest first."""
    return [layer["digest"].removeprefix("sha256:") for layer in json.decode(manifest)["layers"]]

def unique(items):
    """Returns the list without duplicates."""
    return {item: None for item in items}.keys()

def _impl(ctx):
    image = read_lock(ctx, ctx.attr.lock)["images"].get(ctx.attr.image)
    if not image:
        fail("%s: no image %r; bazel run @rules_strata//rules:lock -- list prints the images in the file" % (
            ctx.attr.lock,
            ctx.attr.image,
        ))
    platforms = {}
    for platform, entry in image["platforms"].items():
        manifest = text_of(entry["manifest"])
        layers = layer_digests(manifest)
        platforms[platform] = struct(
            documents = write_documents(ctx, platform, manifest, text_of(entry["config"]), shape_text(entry)) | {
                "digest": entry["manifest"]["digest"],
                "layers": layers,
                "media_type": entry["manifest"]["mediaType"],
                "platform": platform,
                "sources": sources_of(image),
            } | system_of(image, entry["manifest"]["digest"]),
            blobs = ["@%s//:%s" % (blob_repository_name(layer), layer) for layer in unique(layers)],
        )
    ctx.file("BUILD.bazel", build_file(
        ctx.attr.image,
        image["reference"],
        platforms,
        "Choose one with --platforms, or pin another: bazel run @rules_strata//rules:lock -- remove %s, then add it " % (
            ctx.attr.image
        ) + "with --platform.",
    ))

image_repository = repository_rule(
    doc = "A locked image. Makes no network requests.",
    implementation = _impl,
    attrs = {
        "image": attr.string(mandatory = True, doc = "Name of the image in the lock file."),
        "lock": attr.label(mandatory = True, doc = "The lock file."),
    },
)
