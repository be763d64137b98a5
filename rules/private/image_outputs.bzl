"""Output groups that images and indexes share."""

load(":actions.bzl", "make_archive", "make_layout")

visibility(["//rules/..."])

def byte_groups(ctx, contents):
    """Declares the outputs that hold an image's bytes, made only when somebody asks for them.

    Args:
      ctx: The rule's context.
      contents: What contents.bzl returns.

    Returns:
      dict for OutputGroupInfo: `oci_layout`, a directory, and `archive`, a tar.
    """
    layout = ctx.actions.declare_directory(ctx.label.name + ".layout")
    make_layout(ctx, contents, layout)
    archive = ctx.actions.declare_file(ctx.label.name + ".tar")
    make_archive(ctx, contents, [], archive)
    return {
        "archive": depset([archive]),
        "oci_layout": depset([layout]),
    }

def document_outputs(ctx, document):
    """Declares the small Files of an image or an index: its document, the document's descriptor and its digest."""
    return struct(
        document = ctx.actions.declare_file("%s.%s.json" % (ctx.label.name, document)),
        descriptor = ctx.actions.declare_file(ctx.label.name + ".descriptor.json"),
        digest = ctx.actions.declare_file(ctx.label.name + ".digest"),
    )
