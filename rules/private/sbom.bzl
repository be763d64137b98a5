"""image_sbom: the packages of an image, as a software bill of materials."""

load(":actions.bzl", "describe_file", "make_artifact")
load(":base_blobs.bzl", "current", "with_base_blobs")
load(":contents.bzl", "IMAGE_OR_INDEX", "artifact_contents", "contents_of")
load(":facts.bzl", "image_facts_with_blobs", "layer_facts")
load(":forwarded.bzl", "forwarded_image")
load(":image_outputs.bzl", "DIGEST_OUTPUT", "byte_groups", "document_outputs")
load(":origins.bzl", "layer_origins", "package_origins")
load(":package_graph.bzl", "PackageGraphInfo", "package_graph")
load(":providers.bzl", "ArtifactInfo", "LayerInfo")
load(":sbom_actions.bzl", "make_sbom")
load(":stamp.bzl", "STAMP_ATTRS", "status_of")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

# For each format: the end of the file's name, and the media type.
_FORMATS = {
    "cyclonedx": (".cdx.json", "application/vnd.cyclonedx+json"),
    "spdx": (".spdx.json", "application/spdx+json"),
}

def _artifact(ctx, subject, document, media_type):
    """Declares the artifact with the document.

    Args:
      ctx: The rule's context.
      subject: The File with the descriptor of the image.
      document: The File with the document.
      media_type: Its media type.

    Returns:
      tuple of the ArtifactInfo and the File with its digest.
    """
    empty = ctx.actions.declare_file(ctx.label.name + ".empty.json")
    ctx.actions.write(empty, "{}")
    descriptor = ctx.actions.declare_file(ctx.label.name + ".document.descriptor.json")
    describe_file(ctx, document, media_type, document.basename, descriptor)
    outputs = document_outputs(ctx, "manifest")
    make_artifact(
        ctx,
        struct(
            annotations = {},
            annotations_file = None,
            artifact_type = media_type,
            config = None,
            files = [descriptor],
            status = None,
            subject = subject,
        ),
        outputs,
    )
    return ArtifactInfo(
        manifest = outputs.document,
        descriptor = outputs.descriptor,
        documents = (empty,),
        files = (LayerInfo(blob = document, descriptor = descriptor, shape = None),),
    ), outputs.digest

def _impl(ctx):
    suffix, media_type = _FORMATS[ctx.attr.format]
    document = ctx.actions.declare_file(ctx.label.name + suffix)
    image = current(ctx, "image")
    contents = contents_of(image)
    settings = struct(
        created = ctx.attr.created,
        format = ctx.attr.format,
        status = status_of(ctx, [ctx.attr.created], []),
    )
    make_sbom(ctx, contents, image_facts_with_blobs(ctx), image[PackageGraphInfo], package_origins(image), settings, document)
    artifact, digest = _artifact(ctx, contents.root, document, media_type)
    return [
        artifact,
        DefaultInfo(files = depset([document])),
        OutputGroupInfo(
            digest = depset([digest]),
            manifest = depset([artifact.manifest]),
            **byte_groups(ctx, artifact_contents(artifact))
        ),
    ]

image_sbom = rule(
    doc = """Writes a software bill of materials: the packages in an image or index, as SPDX 2.3 (`NAME.spdx.json`) or CycloneDX
1.6 (`NAME.cdx.json`).

It lists Debian, Alpine, Python, npm, Conda and Maven packages by their metadata in the layers, packages that the build graph
states in `package_metadata` or `applicable_licenses`, such as Go modules of gazelle, and the bases. Each has the layer, the path
and the target that it comes from, and its license, where metadata states it. Whatever is unknown is declared. The same inputs
give the same bytes; there is no scanner and no clock.

The target is also an artifact whose subject is the image: add it to `referrers` of the `image_push`. See docs/sbom.md.""",
    implementation = _impl,
    attrs = STAMP_ATTRS | {
        "created": attr.string(
            doc = """Time of the document, in the format of RFC 3339 or in seconds since 1970. May contain variables like
`{{STABLE_COMMIT_TIME}}`. If unset, SPDX, which requires a time, has 1970-01-01T00:00:00Z, and CycloneDX has none.""",
        ),
        "fetch_base": attr.bool(
            doc = """Fetch the layers of locked bases, to list the packages in them. Otherwise, the document states that it does
not know them.""",
            default = True,
        ),
        "format": attr.string(
            doc = "`spdx` or `cyclonedx`.",
            default = "spdx",
            values = _FORMATS.keys(),
        ),
        "image": attr.label(
            doc = "The `image` or `image_index`. One document describes an index with all its images.",
            mandatory = True,
            cfg = with_base_blobs,
            aspects = [forwarded_image, layer_facts, layer_origins, package_graph],
            providers = IMAGE_OR_INDEX,
        ),
    },
    outputs = DIGEST_OUTPUT,
    provides = [ArtifactInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
