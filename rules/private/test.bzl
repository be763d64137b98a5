"""image_test: verifies an image."""

load(":base_blobs.bzl", "contents_with_blobs", "with_base_blobs")
load(":contents.bzl", "ANY_CONTENTS")
load(":launcher.bzl", "image_program")
load(":run_tools.bzl", "RUN_AS_TEST")

visibility(["//rules/..."])

def _impl(ctx):
    return [image_program(ctx, "check", {
        "digest": ctx.attr.digest,
    }, contents_with_blobs(ctx))]

image_test = rule(
    doc = """Tests that an image conforms to the OCI specifications and, optionally, that its digest has not changed.

The test recomputes every digest, size and `diff_id`, checks all documents against image-spec and against each other, and
reads every layer entry by entry; docs/validator.md lists the rules. Layers of a base, and archives that became layers
unchanged, are checked for integrity, but not for the guarantees that rules_strata gives for its own layers.

An image can be tested on any machine, whatever its platform: the program is built for the execution platform that runs the
test, that of the exec group `test`. This includes remote execution.""",
    implementation = _impl,
    attrs = RUN_AS_TEST | {
        "digest": attr.string(
            doc = """Expected digest of the image or index, like `sha256:...`. It detects unreproducible builds and unintended
changes. The digest of an `image` without a base depends on the target platform; an `image_index` with `platforms` has the
same digest on every machine.""",
        ),
        "image": attr.label(
            doc = "The `image`, `image_index` or `image_artifact` to test.",
            mandatory = True,
            cfg = with_base_blobs,
            providers = ANY_CONTENTS,
        ),
    },
    test = True,
)
