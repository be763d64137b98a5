"""image_test: verifies an image."""

load(":base_blobs.bzl", "contents_with_blobs", "with_base_blobs")
load(":contents.bzl", "ANY_CONTENTS")
load(":forwarded.bzl", "forwarded_image")
load(":launcher.bzl", "program", "program_arguments")
load(":run_tools.bzl", "RUN_AS_TEST")

visibility(["//rules/..."])

def _impl(ctx):
    return [program(ctx, "check", program_arguments(
        ctx,
        {"digest": ctx.attr.digest},
        {"config": ctx.files.configs},
        contents_with_blobs(ctx),
    ))]

image_test = rule(
    doc = """Tests that an image conforms to the OCI specifications and, optionally, that its digest has not changed.

The test recomputes every digest, size and `diff_id`, checks all documents against image-spec and against each other, and
reads every layer entry by entry; docs/validator.md lists the rules. Layers of a base, and archives that became layers
unchanged, are checked for integrity, but not for the guarantees that rules_strata gives for its own layers.

An image can be tested on any machine, whatever its platform, except for commands in `configs`: the program is built for the
execution platform that runs the test, that of the exec group `test`. This includes remote execution.""",
    implementation = _impl,
    attrs = RUN_AS_TEST | {
        "configs": attr.label_list(
            doc = """Files of container-structure-test, schema 2.0.0, as YAML or JSON: the image must pass their tests. See
docs/image-tests.md.""",
            allow_files = [".yaml", ".yml", ".json"],
        ),
        "digest": attr.string(
            doc = """Expected digest of the image or index, like `sha256:...`. It detects unreproducible builds and unintended
changes. The digest of an `image` without a base depends on the target platform; an `image_index` with `platforms` has the
same digest on every machine.""",
        ),
        "image": attr.label(
            doc = "The `image`, `image_index` or `image_artifact` to test.",
            mandatory = True,
            cfg = with_base_blobs,
            aspects = [forwarded_image],
            providers = ANY_CONTENTS,
        ),
    },
    test = True,
)
