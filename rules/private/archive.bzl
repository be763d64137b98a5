"""image_archive: writes one image or several as one file."""

load(":base_blobs.bzl", "contents_with_blobs", "each_contents_with_blobs", "with_base_blobs")
load(":contents.bzl", "merged_contents")
load(":image_names.bzl", "image_names", "named_image_attrs", "named_roots")
load(":image_outputs.bzl", "byte_groups")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

def _impl(ctx):
    names = image_names(ctx)
    contents, roots = None, []
    if names.images:
        each = each_contents_with_blobs(ctx)
        contents, roots = merged_contents(each.values()), named_roots(names, each)
    else:
        contents = contents_with_blobs(ctx)

    # A change in the volatile status would not rebuild the file, so the file cannot contain volatile variables.
    groups = byte_groups(ctx, contents, archive = ctx.outputs.archive, names = struct(
        files = names.files,
        roots = roots,
        status = [ctx.info_file] if names.stamped else [],
        tags = names.tags,
    ))
    return [
        DefaultInfo(files = groups["archive"]),
        OutputGroupInfo(
            oci_tarball = groups["archive"],
            tarball = groups["archive"],
            **groups
        ),
    ]

image_archive = rule(
    doc = """Writes images or indexes as a single tar, `NAME.tar`, for `docker load`, `podman load`, `ctr images import` and
`skopeo copy`. `NAME.tar` is also a label.

The tar is both an OCI archive and a docker-archive. It contains each blob only once, even if several images have it.
The output group `oci_layout` has the same contents as a directory, in which a single image has no name. The groups `tarball`
and `oci_tarball` are the tar. The layers of a locked base are fetched from their registry.

Names with variables of the workspace status are expanded when the tar is built; only stable variables are known then.""",
    implementation = _impl,
    attrs = named_image_attrs("write", kinds = "`image`, `image_index` or `image_artifact`", cfg = with_base_blobs),
    outputs = {"archive": "%{name}.tar"},
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
