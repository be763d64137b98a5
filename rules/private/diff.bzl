"""image_diff_test: compares two images."""

load(":base_blobs.bzl", "current", "with_base_blobs")
load(":facts.bzl", "image_facts_with_blobs", "layer_facts")
load(":forwarded.bzl", "forwarded_image")
load(":launcher.bzl", "program", "program_arguments")
load(":providers.bzl", "ImageInfo")
load(":report_actions.bzl", "make_diff")
load(":run_tools.bzl", "RUN_AS_TEST")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

_IGNORABLE = ["annotations", "config", "layers", "mode", "mtime", "owner", "xattrs"]

_UNKNOWN = """{label}: attribute ignore: unknown difference {name}.
The names are {known}."""

def _impl(ctx):
    for name in ctx.attr.ignore:
        if name not in _IGNORABLE:
            fail(_UNKNOWN.format(known = ", ".join(_IGNORABLE), label = ctx.label, name = repr(name)))
    text = ctx.actions.declare_file(ctx.label.name + ".txt")
    as_json = ctx.actions.declare_file(ctx.label.name + ".json")
    facts = [facts for side in ["before", "after"] for facts in image_facts_with_blobs(ctx, side)]
    make_diff(
        ctx,
        current(ctx, "before")[ImageInfo],
        current(ctx, "after")[ImageInfo],
        facts,
        ctx.attr.ignore,
        struct(text = text, json = as_json),
    )
    return [
        program(ctx, "check", program_arguments(ctx, {}, {"differences": [text]})),
        OutputGroupInfo(differences = depset([text, as_json])),
    ]

def _image(doc):
    return attr.label(
        aspects = [forwarded_image, layer_facts],
        cfg = with_base_blobs,
        doc = doc,
        mandatory = True,
        providers = [ImageInfo],
    )

image_diff_test = rule(
    doc = """Tests that two images are the same: their settings, annotations, layers and files, with contents and metadata.

The test prints the differences. The output group `differences` has them as text and as JSON, whether there are any or not. Layers
of a locked base are fetched from their registry. See docs/inside.md.""",
    implementation = _impl,
    attrs = RUN_AS_TEST | {
        "after": _image("The image after a change."),
        "before": _image("The image before it."),
        "ignore": attr.string_list(
            doc = """Differences that are permitted: `annotations`, `config`, `layers` (files are in other layers), `mode`, `mtime`,
`owner` or `xattrs`. If any is set, the digests of the manifests may differ, and if it is about layers or files, so may the layers.""",
        ),
    },
    test = True,
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
