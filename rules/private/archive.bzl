"""image_archive: writes an image as one file."""

load(":base_blobs.bzl", "contents_with_blobs", "with_base_blobs")
load(":contents.bzl", "ANY_CONTENTS")
load(":image_outputs.bzl", "byte_groups")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

def _impl(ctx):
    groups = byte_groups(ctx, contents_with_blobs(ctx), ctx.attr.repo_tags)
    return [
        DefaultInfo(files = groups["archive"]),
        OutputGroupInfo(**groups),
    ]

image_archive = rule(
    doc = """Writes an image or an index as a single tar, `NAME.tar`, for `docker load`, `podman load` and `skopeo copy`.

The tar is both an OCI archive and a docker-archive, and contains each layer only once. The output group `oci_layout` has the
same contents as a directory. The layers of a locked base are fetched from their registry.""",
    implementation = _impl,
    attrs = {
        "image": attr.label(
            doc = "The `image`, `image_index` or `image_artifact` to write.",
            mandatory = True,
            cfg = with_base_blobs,
            providers = ANY_CONTENTS,
        ),
        "repo_tags": attr.string_list(
            doc = "Names to give the image when it is loaded, like `[\"localhost/app:latest\"]`.",
        ),
    },
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
