"""image_report: describes what is in an image."""

load(":base_blobs.bzl", "current", "with_base_blobs")
load(":facts.bzl", "image_facts_with_blobs", "layer_facts")
load(":forwarded.bzl", "forwarded_image")
load(":origins.bzl", "layer_origins", "origins_of")
load(":providers.bzl", "ImageInfo")
load(":report_actions.bzl", "make_report")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

def _impl(ctx):
    target = current(ctx, "image")
    image = target[ImageInfo]
    make_report(
        ctx,
        target.label,
        image,
        image_facts_with_blobs(ctx)[0],
        origins_of(target, image),
        ctx.outputs,
    )
    return [DefaultInfo(files = depset([ctx.outputs.html, ctx.outputs.json]))]

image_report = rule(
    doc = """Describes what is in an image, as a page, `NAME.html`, and as JSON, `NAME.json`.

The page has the layers, the files, the settings with those of the base, wasted and duplicate bytes, and how many bytes each target
and each external repository adds. It is one file, which needs no server and no JavaScript. Layers of a locked base are
fetched from their registry. See docs/inside.md.""",
    implementation = _impl,
    attrs = {
        "image": attr.label(
            doc = "The image: an `image`, an `image_import`, or `@NAME` from a lock file. For an `image_index`, name one of its images.",
            mandatory = True,
            aspects = [forwarded_image, layer_facts, layer_origins],
            cfg = with_base_blobs,
            providers = [ImageInfo],
        ),
    },
    outputs = {
        "html": "%{name}.html",
        "json": "%{name}.json",
    },
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
