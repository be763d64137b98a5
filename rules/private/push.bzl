"""image_push and image_push_all: send images to registries."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load(":actions.bzl", "make_reference")
load(":contents.bzl", "IMAGE_OR_INDEX", "contents_of", "lazily")
load(":launcher.bzl", "program", "program_arguments")
load(":providers.bzl", "PushInfo", "PushesInfo")
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

    # What is in files may have variables, too.
    in_repository = "{" in ctx.attr.repository or repository_files
    in_tags = tag_files or [tag for tag in ctx.attr.remote_tags if "{" in tag]
    cache = ctx.attr._remote_cache[BuildSettingInfo].value
    contents = contents_of(ctx.attr.image)
    arguments = program_arguments(
        ctx,
        flags = {
            "credential-helper": ctx.attr._remote_cache_credential_helper[BuildSettingInfo].value,
            "remote-cache": cache,
            "repository": ctx.attr.repository,
            "tag": ctx.attr.remote_tags,
        },
        files = {
            "repository-file": repository_files,
            "status": [ctx.info_file, ctx.version_file] if in_repository or in_tags else [],
            "tag-file": tag_files,
        },
        contents = lazily(contents) if cache else contents,
    )

    # The volatile status would not make it anew when it changes, and so is not for it.
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
    doc = """Sends an image or an index straight to a registry when it is run: `bazel run //:push`.

Layers go up one by one and in parallel, with no archive in between; what the registry has already is not sent again, what it
has in another repository that is known is mounted from there, and what is in a registry only is copied from that. Tags are
set last. Credentials are those that `docker login` or `podman login` left. `bazel run //:push -- --help` lists the flags:
another `--repository`, a further `--tag`, `--dry-run`, `--insecure`, `--jobs`, `--json`, `--output`.

`repository`, `remote_tags` and the files may hold variables of the workspace status, as `{{STABLE_GIT_COMMIT}}`. They are read
when the program runs, so that no cache can hold an old tag.

The output group `reference` is a file `NAME.reference` with the name that the image has after the push, `REPOSITORY@DIGEST`.
It is built without a push. In `repository` only stable variables can be part of it.

With `--@rules_strata//rules:remote_cache=ADDRESS`, the address of the build's remote cache, layers that are in that cache do
not come to this machine's disk: the program reads those that the registry lacks from the cache, and sends them on.

The program is built for the machine that Bazel runs on, which is the platform that `--host_platform` names.""",
    implementation = _impl,
    attrs = RUN_ON_HOST | {
        "image": attr.label(
            doc = "The `image` or `image_index` to push.",
            mandatory = True,
            providers = IMAGE_OR_INDEX,
        ),
        "remote_tags": attr.string_list(
            doc = "Tags to set, like `[\"latest\", \"v1\"]`. With none the image can be had by its digest alone.",
        ),
        "repository": attr.string(
            doc = "Registry and repository, like `registry.example.com/team/app`, without a tag.",
        ),
        "repository_file": attr.label(
            doc = "A file whose only line is the repository, in place of `repository`.",
            allow_single_file = True,
        ),
        "tag_file": attr.label(
            doc = "A file with further tags, one a line.",
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
    doc = """Does several pushes at once when it is run: many images, repositories and tags with one command.

All blobs travel together. One that several repositories of a registry get is sent once and mounted into the others. No tag
is set before all images are there. The flags are those of `image_push`; a `--tag` is given to every image.""",
    implementation = _pushes_impl,
    attrs = RUN_ON_HOST | {
        "pushes": attr.label_list(
            doc = "The `image_push` targets, and further `image_push_all`.",
            mandatory = True,
            allow_empty = False,
            providers = [[PushInfo], [PushesInfo]],
        ),
    },
    executable = True,
    provides = [PushesInfo],
)
