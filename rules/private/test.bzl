"""image_test: distrusts an image."""

load(":base_blobs.bzl", "contents_with_blobs", "with_base_blobs")
load(":contents.bzl", "IMAGE_OR_INDEX")
load(":launcher.bzl", "image_program")
load(":run_tools.bzl", "RUN_AS_TEST")

visibility(["//rules/..."])

def _impl(ctx):
    return [image_program(ctx, "check", {
        "digest": ctx.attr.digest,
    }, contents_with_blobs(ctx))]

image_test = rule(
    doc = """A test that an image is what the specifications demand, and if you say so, that its digest has not changed.

Every digest, size and `diff_id` is computed anew, all documents are compared with image-spec and with each other, and every
layer is read entry by entry; docs/validator.md lists the rules. Layers that come from an imported base are checked for
integrity, not for what this project promises of its own.

Images for any platform can be tested anywhere: the program is built for the execution platform that Bazel runs the test on,
which is that of the exec group `test`, also with remote execution.""",
    implementation = _impl,
    attrs = RUN_AS_TEST | {
        "digest": attr.string(
            doc = """The digest that the image or index must have, like `sha256:...`. A build that is not reproducible, or a change
that was not meant, then shows. Note that an `image` from scratch has the platform that it is built for; an `image_index`
with `platforms` has the same digest on every machine.""",
        ),
        "image": attr.label(
            doc = "The `image` or `image_index` to test.",
            mandatory = True,
            cfg = with_base_blobs,
            providers = IMAGE_OR_INDEX,
        ),
    },
    test = True,
)
