"""image_artifact: files that a registry stores like an image."""

load(":actions.bzl", "describe_file", "make_artifact")
load(":base_setting.bzl", "without_base_blobs")
load(":contents.bzl", "ANY_CONTENTS", "artifact_contents", "contents_of")
load(":expand.bzl", "expand")
load(":image_outputs.bzl", "DIGEST_OUTPUT", "byte_groups", "document_outputs")
load(":providers.bzl", "ArtifactInfo", "LayerInfo")
load(":settings.bzl", "pairs_file")
load(":stamp.bzl", "STAMP_ATTRS", "status_of")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

_DEFAULT_MEDIA_TYPE = "application/octet-stream"

_NO_TYPE = "{label}: set artifact_type or config_media_type; clients need one of them to recognize the artifact"
_NO_CONFIG_TYPE = "{label}: config is set, so config_media_type must be, too"
_DIRECTORY = """{label}: attribute files: {target} provides a directory, {path}.
Put it into an image_layer or a pkg_tar, whose archive is a file."""
_UNKNOWN_TITLE = "{label}: attribute titles: {target} is not in files; known are {known}"
_ONE_TITLE = "{label}: attribute titles: {target} has {count} files, a title is for one; only \"\" is allowed"

def _check_types(ctx):
    if not ctx.attr.artifact_type and not ctx.attr.config_media_type:
        fail((_NO_CONFIG_TYPE if ctx.attr.config else _NO_TYPE).format(label = ctx.label))
    if ctx.attr.config and not ctx.attr.config_media_type:
        fail(_NO_CONFIG_TYPE.format(label = ctx.label))

def _titles(ctx):
    """Returns the attribute titles as a dict from Label to title."""
    titles = {target.label: title for target, title in ctx.attr.titles.items()}
    known = [target.label for target in ctx.attr.files]
    for label in titles:
        if label not in known:
            fail(_UNKNOWN_TITLE.format(
                known = ", ".join([str(label) for label in known]) or "none",
                label = ctx.label,
                target = label,
            ))
    return titles

def _describe(ctx, number, file, media_type, title):
    """Declares the action that describes a file, and returns a LayerInfo."""
    name = "%s.files/%d.json" % (ctx.label.name, number) if number else ctx.label.name + ".config.descriptor.json"
    descriptor = ctx.actions.declare_file(name)
    describe_file(ctx, file, media_type, title, descriptor)
    return LayerInfo(blob = file, descriptor = descriptor, shape = None)

def _files(ctx):
    """Returns the files of the artifact as a list of LayerInfo."""
    titles = _titles(ctx)
    layers = []
    for target, media_type in ctx.attr.files.items():
        files = target[DefaultInfo].files.to_list()  # one per blob
        title = titles.get(target.label)
        if title and len(files) != 1:
            fail(_ONE_TITLE.format(count = len(files), label = ctx.label, target = target.label))
        for file in files:
            if file.is_directory:
                fail(_DIRECTORY.format(label = ctx.label, path = file.short_path, target = target.label))
            layers.append(_describe(
                ctx,
                len(layers) + 1,
                file,
                media_type or _DEFAULT_MEDIA_TYPE,
                file.basename if title == None else title,
            ))
    return layers

def _subject(ctx):
    """Returns the File with the subject's descriptor, or None."""
    if not ctx.attr.subject:
        return None
    subject = ctx.attr.subject[0] if type(ctx.attr.subject) == "list" else ctx.attr.subject
    return contents_of(subject).root

def _impl(ctx):
    _check_types(ctx)
    files = _files(ctx)
    documents = []
    config = ctx.file.config
    if not config or not files:
        empty = ctx.actions.declare_file(ctx.label.name + ".empty.json")
        ctx.actions.write(empty, "{}")
        documents.append(empty)
    described = None
    if ctx.attr.config_media_type:
        if config:
            documents.append(config)
        described = _describe(ctx, 0, config or documents[0], ctx.attr.config_media_type, "").descriptor
    outputs = document_outputs(ctx, "manifest")
    annotations = expand(ctx, "annotations", ctx.attr.annotations)
    make_artifact(
        ctx,
        struct(
            annotations = annotations,
            annotations_file = ctx.file.annotations_file,
            artifact_type = ctx.attr.artifact_type,
            config = described,
            files = [file.descriptor for file in files],
            status = status_of(ctx, annotations.values(), [ctx.file.annotations_file]),
            subject = _subject(ctx),
        ),
        outputs,
    )
    artifact = ArtifactInfo(
        manifest = outputs.document,
        descriptor = outputs.descriptor,
        documents = tuple(documents),
        files = tuple(files),
    )
    return [
        artifact,
        DefaultInfo(files = depset([artifact.manifest, outputs.digest])),
        OutputGroupInfo(
            digest = depset([outputs.digest]),
            manifest = depset([artifact.manifest]),
            **byte_groups(ctx, artifact_contents(artifact))
        ),
    ]

image_artifact = rule(
    doc = """Builds an artifact: files that a registry stores like an image, such as a Helm chart, a WebAssembly module, or an SBOM.

The files stay as they are, and no layer is built. The result is that of `oras push`, and `image_push`, `image_archive` and
`image_test` take it like an image. Containers cannot be started from it. See docs/artifacts.md.

By default, `bazel build` writes only small files: `NAME.manifest.json` and `NAME.digest`, which is also a label. The output
groups are `oci_layout` (a directory), `archive` (a tar), `manifest` and `digest`.""",
    implementation = _impl,
    attrs = STAMP_ATTRS | {
        "annotations": attr.string_dict(
            doc = "Annotations of the manifest. Values may contain variables like `{{STABLE_NAME}}`.",
        ),
        "annotations_file": pairs_file("annotations"),
        "artifact_type": attr.string(
            doc = """Type of the artifact, a media type like `application/vnd.example.report`. Clients recognize the artifact by it.
It may be unset if `config_media_type` is set, which then is the type.""",
        ),
        "config": attr.label(
            doc = "A file with the config, mostly JSON. If unset, the config is `{}`.",
            allow_single_file = True,
            cfg = without_base_blobs,
        ),
        "config_media_type": attr.string(
            doc = """Media type of the config. If unset, there is no config: its media type is
`application/vnd.oci.empty.v1+json`.""",
        ),
        "files": attr.label_keyed_string_dict(
            doc = """Files, in this order -> media type of each, like `{":chart.tgz": "application/gzip"}`. If the media type is empty,
it is `application/octet-stream`. If a target has several files, all have the same media type. A directory is an error.""",
            allow_files = True,
            cfg = without_base_blobs,
        ),
        "subject": attr.label(
            doc = """The `image`, `image_index` or other artifact that this one is about. The artifact is then a referrer: clients
find it by the digest of the subject. The subject is not part of the artifact, and is pushed separately.""",
            cfg = without_base_blobs,
            providers = ANY_CONTENTS,
        ),
        "titles": attr.label_keyed_string_dict(
            doc = """Targets in `files` -> title, the relative path to which clients write the file. Defaults to the base name of the
file. An empty title adds no annotation: clients then know the file by its media type only.""",
            allow_files = True,
            cfg = without_base_blobs,
        ),
    },
    outputs = DIGEST_OUTPUT,
    provides = [ArtifactInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
