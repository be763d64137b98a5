"""image_archive: writes one image or several as one file."""

load(":base_blobs.bzl", "contents_with_blobs", "each_contents_with_blobs", "with_base_blobs")
load(":base_setting.bzl", "without_base_blobs")
load(":contents.bzl", "merged_contents", "with_artifacts")
load(":image_names.bzl", "image_names", "named_image_attrs", "named_roots")
load(":image_outputs.bzl", "byte_groups")
load(":providers.bzl", "ArtifactInfo")
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
    referrers = [referrer[ArtifactInfo] for referrer in ctx.attr.referrers]
    contents = with_artifacts(contents, referrers)

    # A change in the volatile status would not rebuild the file, so the file cannot contain volatile variables.
    groups = byte_groups(ctx, contents, archive = ctx.outputs.archive, names = struct(
        files = names.files,
        referrers = [referrer.descriptor for referrer in referrers],
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

The `referrers` are entries of the layout's `index.json` after the images, where `oras discover --oci-layout` finds them. Engines
that load the tar ignore them.

Names with variables of the workspace status are expanded when the tar is built; only stable variables are known then.""",
    implementation = _impl,
    attrs = named_image_attrs("write", kinds = "`image`, `image_index` or `image_artifact`", cfg = with_base_blobs) | {
        "referrers": attr.label_list(
            doc = """`image_artifact` targets to write with the images, such as an SBOM. The `subject` of each is one of the images,
an image in an index, or a referrer before it in the list.""",
            cfg = without_base_blobs,
            providers = [ArtifactInfo],
        ),
    },
    outputs = {"archive": "%{name}.tar"},
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
