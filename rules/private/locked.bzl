"""Base images from a registry: the documents are files, and layers are fetched only if something needs their bytes.

The BUILD files of the repositories that the extension `images` declares (rules/private/repo) use these rules.
"""

load(":actions.bzl", "make_base")
load(":base_setting.bzl", "without_base_blobs")
load(":image_outputs.bzl", "image_providers")
load(":providers.bzl", "ImageInfo", "LayerInfo")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

_DocumentsInfo = provider(
    doc = "A base image without its blobs.",
    fields = {
        "digest": "(File) The digest of the manifest.",
        "image": "(ImageInfo) The image. Its layers have no blobs.",
        "layers": "(tuple[str]) The digests of the layers as hexadecimal digits, lowest first.",
    },
)

def _documents_impl(ctx):
    name = ctx.label.name
    outputs = struct(
        config = ctx.actions.declare_file(name + ".config.json"),
        descriptor = ctx.actions.declare_file(name + ".descriptor.json"),
        digest = ctx.actions.declare_file(name + ".digest"),
        layers = [
            ctx.actions.declare_file("%s.layer_%d.json" % (name, number))
            for number in range(len(ctx.attr.layers))
        ],
        manifest = ctx.actions.declare_file(name + ".manifest.json"),
    )
    make_base(
        ctx,
        manifest = ctx.file.manifest,
        config = ctx.file.config,
        facts = {
            "digest": [ctx.attr.digest],
            "feature": ctx.attr.cpu_features,
            "media-type": [ctx.attr.media_type],
            "os-feature": ctx.attr.os_features,
            "os-version": [ctx.attr.os_version] if ctx.attr.os_version else [],
            "platform": [ctx.attr.platform],
            "source": ctx.attr.sources,
        },
        outputs = outputs,
    )
    image = ImageInfo(
        config = outputs.config,
        manifest = outputs.manifest,
        descriptor = outputs.descriptor,
        layers = tuple([LayerInfo(blob = None, descriptor = layer, shape = ctx.file.shape) for layer in outputs.layers]),
        blobs = depset(),
        shapes = (ctx.file.shape,) if ctx.file.shape else (),
        platform = ctx.attr.platform,
    )
    return [_DocumentsInfo(digest = outputs.digest, image = image, layers = tuple(ctx.attr.layers))]

_documents = rule(
    doc = "The documents of a base image. They are checked to match before anything is built on them.",
    implementation = _documents_impl,
    attrs = {
        "config": attr.label(allow_single_file = True, mandatory = True),
        "cpu_features": attr.string_list(),
        "digest": attr.string(mandatory = True),
        "layers": attr.string_list(),
        "manifest": attr.label(allow_single_file = True, mandatory = True),
        "media_type": attr.string(mandatory = True),
        "os_features": attr.string_list(),
        "os_version": attr.string(),
        "platform": attr.string(mandatory = True),
        "shape": attr.label(
            doc = "The shape of all layers together, if the lock file has it.",
            allow_single_file = True,
        ),
        "sources": attr.string_list(mandatory = True),
    },
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)

def _image_impl(ctx):
    documents = ctx.attr.documents[0] if type(ctx.attr.documents) == "list" else ctx.attr.documents
    documents = documents[_DocumentsInfo]
    blobs = {file.basename: file for file in ctx.files.blobs}
    plain = documents.image
    image = ImageInfo(
        config = plain.config,
        manifest = plain.manifest,
        descriptor = plain.descriptor,
        layers = tuple([
            LayerInfo(blob = blobs.get(documents.layers[number]), descriptor = layer.descriptor, shape = layer.shape)
            for number, layer in enumerate(plain.layers)
        ]),
        blobs = plain.blobs,
        shapes = plain.shapes,
        platform = plain.platform,
    )
    return image_providers(ctx, image, documents.digest)

_image = rule(
    doc = "A base image.",
    implementation = _image_impl,
    attrs = {
        "blobs": attr.label_list(
            doc = "The layers, as files named by the hexadecimal digits of their digests. Empty if no bytes are needed.",
            allow_files = True,
        ),
        "documents": attr.label(
            doc = "Everything else. It does not depend on whether bytes are needed, so it is configured only once.",
            mandatory = True,
            cfg = without_base_blobs,
            providers = [_DocumentsInfo],
        ),
    },
    provides = [ImageInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)

def locked_image(name, documents, blobs, **kwargs):
    """Declares a base image. The BUILD files of generated repositories call this.

    Args:
      name: Name of the target, which provides ImageInfo.
      documents: dict of attributes for `_documents`.
      blobs: list of labels of the layers' files. They are used only if something needs their bytes.
      **kwargs: Attributes common to all rules.
    """
    _documents(
        name = name + ".documents",
        tags = kwargs.get("tags"),
        visibility = ["//visibility:private"],
        **documents
    )
    _image(
        name = name,
        blobs = select({
            Label("//rules:base_blobs_needed"): blobs,
            "//conditions:default": [],
        }),
        documents = name + ".documents",
        **kwargs
    )
