"""image_push and image_push_all: push images to registries."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load(":actions.bzl", "make_reference")
load(":contents.bzl", "ANY_CONTENTS", "contents_of", "lazily", "with_artifacts")
load(":launcher.bzl", "program", "program_arguments")
load(":providers.bzl", "ArtifactInfo", "PushInfo", "PushesInfo")
load(":run_tools.bzl", "RUN_ON_HOST")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

_WHICH_REPOSITORY = "{label}: set either repository or repository_file; {found}"

def _check_repository(ctx):
    if bool(ctx.attr.repository) == bool(ctx.attr.repository_file):
        fail(_WHICH_REPOSITORY.format(
            found = "both are set" if ctx.attr.repository else "neither is set",
            label = ctx.label,
        ))

def _impl(ctx):
    _check_repository(ctx)
    repository_files = [ctx.file.repository_file] if ctx.file.repository_file else []
    tag_files = [ctx.file.tag_file] if ctx.file.tag_file else []

    # Files may contain variables, too.
    in_repository = "{" in ctx.attr.repository or repository_files
    in_tags = tag_files or [tag for tag in ctx.attr.remote_tags if "{" in tag]
    cache = ctx.attr._remote_cache[BuildSettingInfo].value
    referrers = [referrer[ArtifactInfo] for referrer in ctx.attr.referrers]
    contents = with_artifacts(contents_of(ctx.attr.image), referrers)
    arguments = program_arguments(
        ctx,
        flags = {
            "remote-cache": cache,
            "remote-cache-credential-helper": ctx.attr._remote_cache_credential_helper[BuildSettingInfo].value,
            "repository": ctx.attr.repository,
            "tag": ctx.attr.remote_tags,
        },
        files = {
            "referrer": [referrer.descriptor for referrer in referrers],
            "repository-file": repository_files,
            "status": [ctx.info_file, ctx.version_file] if in_repository or in_tags else [],
            "tag-file": tag_files,
        },
        contents = lazily(contents) if cache else contents,
    )

    # A change in the volatile status would not rebuild the file, so the file cannot contain volatile variables.
    reference = ctx.actions.declare_file(ctx.label.name + ".reference")
    names = struct(
        files = repository_files,
        repository = ctx.attr.repository,
        status = [ctx.info_file] if in_repository else [],
    )
    make_reference(ctx, contents.root, names, reference)
    return [
        program(ctx, "push", arguments),
        PushInfo(
            arguments = arguments.file,
            reference = reference,
            repository = ctx.attr.repository,
            runfiles = arguments.runfiles,
        ),
        OutputGroupInfo(reference = depset([reference])),
    ]

image_push = rule(
    doc = """Pushes an image or an index directly to a registry with `bazel run //:push`.

Layers are uploaded individually and in parallel, without an intermediate archive. Blobs that the registry already has are
not uploaded again, blobs in another known repository of the registry are mounted, and blobs that are only in another
registry are copied from there. Tags are set last. Credentials are those of `docker login` or `podman login`.
`bazel run //:push -- --help` lists all flags, for example `--repository` for a different repository, `--tag` for an
additional tag, `--dry-run`, `--insecure`, `--jobs`, `--json` and `--output`.

`repository`, `remote_tags` and the files may contain workspace status variables, like `{{STABLE_GIT_COMMIT}}`. They are
expanded when the program runs, so a cache cannot return an outdated tag.

The output group `reference` is the file `NAME.reference`, which contains the image's name after the push,
`REPOSITORY@DIGEST`. Building it does not push. For this file, `repository` may contain only stable variables.

With `--@rules_strata//rules:remote_cache=ADDRESS`, the address of the build's remote cache, Bazel does not download layers
that are in that cache. The program reads those that the registry lacks from the cache and uploads them.

The program is built for the machine that Bazel runs on, the platform in `--host_platform`.""",
    implementation = _impl,
    attrs = RUN_ON_HOST | {
        "image": attr.label(
            doc = "The `image`, `image_index` or `image_artifact` to push.",
            mandatory = True,
            providers = ANY_CONTENTS,
        ),
        "referrers": attr.label_list(
            doc = """`image_artifact` targets to push with the image, such as its SBOM. The `subject` of each is the image, an image
in the index, or a referrer before it in the list. A registry without the referrers API gets the tag `sha256-HEX` of
distribution-spec, which lists them.""",
            providers = [ArtifactInfo],
        ),
        "remote_tags": attr.string_list(
            doc = "Tags to set, like `[\"latest\", \"v1\"]`. Without tags, the image can only be pulled by its digest.",
        ),
        "repository": attr.string(
            doc = "Registry and repository, like `registry.example.com/team/app`. No tag.",
        ),
        "repository_file": attr.label(
            doc = "File whose only line is the repository. Replaces `repository`.",
            allow_single_file = True,
        ),
        "tag_file": attr.label(
            doc = "File with additional tags, one per line.",
            allow_single_file = True,
        ),
        "_remote_cache_credential_helper": attr.label(default = "//rules:remote_cache_credential_helper"),
        "_remote_cache": attr.label(default = "//rules:remote_cache"),
    },
    executable = True,
    provides = [PushInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)

def _pushes_impl(ctx):
    pushes = [
        push
        for target in ctx.attr.pushes
        for push in ([target[PushInfo]] if PushInfo in target else target[PushesInfo].pushes)
    ]
    arguments = program_arguments(ctx, flags = {}, files = {"push": [push.arguments for push in pushes]})
    runfiles = arguments.runfiles.merge_all([push.runfiles for push in pushes])
    return [
        program(ctx, "push", struct(file = arguments.file, runfiles = runfiles)),
        PushesInfo(pushes = tuple(pushes)),
        OutputGroupInfo(reference = depset([push.reference for push in pushes])),
    ]

image_push_all = rule(
    doc = """Pushes several images with one `bazel run`, each to its own repository and tags.

The blobs of all images are uploaded together. A blob that several repositories of a registry need is uploaded once and
mounted into the others. Tags are set only after all images have been pushed. The flags are those of `image_push`; `--tag`
applies to every image.""",
    implementation = _pushes_impl,
    attrs = RUN_ON_HOST | {
        "pushes": attr.label_list(
            doc = "The `image_push` targets, and other `image_push_all` targets.",
            mandatory = True,
            allow_empty = False,
            providers = [[PushInfo], [PushesInfo]],
        ),
    },
    executable = True,
    provides = [PushesInfo],
)
