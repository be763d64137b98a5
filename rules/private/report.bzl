"""image_report: describes what is in an image."""

load(":base_blobs.bzl", "current", "with_base_blobs")
load(":contents.bzl", "IMAGE_OR_INDEX", "image_contents")
load(":facts.bzl", "image_facts_with_blobs", "layer_facts")
load(":forwarded.bzl", "forwarded_image")
load(":launcher.bzl", "shown")
load(":origins.bzl", "layer_origins", "origins_of", "package_origins")
load(":package_graph.bzl", "PackageGraphInfo", "package_graph")
load(":providers.bzl", "ImageInfo", "IndexInfo")
load(":report_actions.bzl", "make_diff", "make_report")
load(":sbom_actions.bzl", "make_sbom")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

_INDEX = """{label}: attribute image: {target} is an index. Declare an image_report for each of its images: {images}
An image for several platforms is the one for --platforms."""

_NO_TARGETS = """{label}: attribute image: {target} is an index whose images have no targets of their own. Declare an image_report for \
each image that it is made of; for an image_import, set platform instead of platforms."""

def _impl(ctx):
    target = current(ctx, "image")
    if IndexInfo in target:
        images = {shown(image.manifest.owner): None for image in target[IndexInfo].images}
        message = _NO_TARGETS if shown(target.label) in images else _INDEX
        fail(message.format(images = ", ".join(images), label = ctx.label, target = shown(target.label)))
    image = target[ImageInfo]
    facts = image_facts_with_blobs(ctx)
    packages = ctx.actions.declare_file(ctx.label.name + ".packages.json")
    settings = struct(created = "", format = "table", status = None)
    make_sbom(ctx, image_contents(image), facts, target[PackageGraphInfo], package_origins(target), settings, packages)
    make_report(
        ctx,
        target.label,
        image,
        facts[0],
        origins_of(target, image),
        packages,
        _compared(ctx, image, facts) if ctx.attr.before else None,
        ctx.outputs,
    )
    return [DefaultInfo(files = depset([ctx.outputs.html, ctx.outputs.json]))]

def _compared(ctx, image, facts):
    """Compares the image with the one before it. Returns a struct of its label and the File with the differences."""
    before = current(ctx, "before")
    outputs = struct(
        json = ctx.actions.declare_file(ctx.label.name + ".differences.json"),
        text = ctx.actions.declare_file(ctx.label.name + ".differences.txt"),
    )
    make_diff(ctx, before[ImageInfo], image, image_facts_with_blobs(ctx, "before") + facts, [], outputs)
    return struct(differences = outputs.json, label = before.label)

image_report = rule(
    doc = """Describes what is in an image, as a page, `NAME.html`, and as JSON, `NAME.json`.

The page has the layers, the files, the settings with those of the base, the packages with their licenses, wasted and duplicate bytes,
how many bytes each target and each external repository adds, and the differences from another image. It is one file, which needs
no server and no JavaScript. Layers of a locked base are fetched from their registry. See docs/inside.md.""",
    implementation = _impl,
    attrs = {
        "before": attr.label(
            doc = "An image to compare with, for example that of the last release: the page then lists what has changed since.",
            aspects = [forwarded_image, layer_facts],
            cfg = with_base_blobs,
            providers = [ImageInfo],
        ),
        "image": attr.label(
            doc = "The image: an `image`, an `image_import`, or `@NAME` from a lock file, but not an index: each of its images has a report.",
            mandatory = True,
            aspects = [forwarded_image, layer_facts, layer_origins, package_graph],
            cfg = with_base_blobs,
            providers = IMAGE_OR_INDEX,
        ),
    },
    outputs = {
        "html": "%{name}.html",
        "json": "%{name}.json",
    },
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
