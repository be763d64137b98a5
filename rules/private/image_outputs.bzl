"""Outputs that images, indexes and archives have in common."""

load(":actions.bzl", "NO_NAMES", "make_archive", "make_layout")
load(":contents.bzl", "image_contents", "index_contents")

visibility(["//rules/..."])

# The `outputs` of rules that build an image or an index: a label for the digest, so that other rules can take it as a file.
DIGEST_OUTPUT = {"digest": "%{name}.digest"}

def document_outputs(ctx, document):
    """Declares the small Files of an image or an index: its document, the document's descriptor and its digest.

    Args:
      ctx: The rule's context. The rule must have DIGEST_OUTPUT.
      document: Part of the document's name: "manifest" or "index".

    Returns:
      struct of the Files document, descriptor and digest.
    """
    return struct(
        document = ctx.actions.declare_file("%s.%s.json" % (ctx.label.name, document)),
        descriptor = ctx.actions.declare_file(ctx.label.name + ".descriptor.json"),
        digest = ctx.outputs.digest,
    )

def byte_groups(ctx, contents, names = NO_NAMES, archive = None):
    """Declares the outputs that contain the bytes of an image. They are built only on request.

    Args:
      ctx: The rule's context.
      contents: The contents as returned by contents.bzl.
      names: The names of the images in the archive, as in make_archive.
      archive: The File for the archive, if it is declared.

    Returns:
      dict for OutputGroupInfo: `oci_layout`, a directory, and `archive`, a tar.
    """
    layout = ctx.actions.declare_directory(ctx.label.name + ".layout")
    make_layout(ctx, contents, names, layout)
    archive = archive or ctx.actions.declare_file(ctx.label.name + ".tar")
    make_archive(ctx, contents, names, archive)
    return {
        "archive": depset([archive]),
        "oci_layout": depset([layout]),
    }

def image_providers(ctx, image, digest, groups = {}):
    """Returns the providers of a rule that creates an image.

    Args:
      ctx: The rule's context.
      image: ImageInfo.
      digest: The File with the digest of the manifest.
      groups: dict of further output groups.

    Returns:
      list of ImageInfo, DefaultInfo and OutputGroupInfo.
    """
    return [
        image,
        DefaultInfo(files = depset([image.manifest, image.config, digest])),
        OutputGroupInfo(
            config = depset([image.config]),
            digest = depset([digest]),
            manifest = depset([image.manifest]),
            **(byte_groups(ctx, image_contents(image)) | groups)
        ),
    ]

def index_providers(ctx, index, digest, groups = {}):
    """Returns the providers of a rule that creates an image index.

    Args:
      ctx: The rule's context.
      index: IndexInfo.
      digest: The File with the digest of the index.
      groups: dict of further output groups.

    Returns:
      list of IndexInfo, DefaultInfo and OutputGroupInfo.
    """
    return [
        index,
        DefaultInfo(files = depset([index.index, digest])),
        OutputGroupInfo(
            config = depset([image.config for image in index.images]),
            digest = depset([digest]),
            manifest = depset([index.index] + [image.manifest for image in index.images]),
            **(byte_groups(ctx, index_contents(index)) | groups)
        ),
    ]
