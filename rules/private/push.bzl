"""image_push and image_push_all: push images to registries."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load(":actions.bzl", "make_reference")
load(":contents.bzl", "ANY_CONTENTS", "contents_of", "lazily", "with_artifacts")
load(":expand.bzl", "expand")
load(":forwarded.bzl", "forwarded_image")
load(":launcher.bzl", "program", "program_arguments", "runfiles_path", "shown")
load(":paths.bzl", "escape")
load(":providers.bzl", "ArtifactInfo", "LoadInfo", "PushInfo", "PushesInfo")
load(":run_tools.bzl", "RUN_ON_HOST")
load(":signer.bzl", "SignerInfo", "signer_arguments")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

_NOTHING = "{label}: set pushes, loads or both"
_TWO_REPOSITORIES = "{label}: set either repository or repository_file; both are set"
_ONE_REPOSITORY = "{label}: attribute repository_file: expected one repository, {target} has {values}"
_ONE_FILE = "{label}: attribute {attribute}: expected one file or a build setting, {target} has {count} files"

def _names(ctx, attribute):
    """Returns the names that a label provides.

    Args:
      ctx: The rule's context.
      attribute: Name of the attribute with the label, a file or a build setting.

    Returns:
      struct of files, a list with the File, and values, a list of strings.
    """
    target = getattr(ctx.attr, attribute)
    if not target:
        return struct(files = [], values = [])
    if BuildSettingInfo in target:
        value = target[BuildSettingInfo].value
        values = list(value) if type(value) in ["list", "tuple"] else [str(value)]
        return struct(files = [], values = [value for value in values if value])
    files = target[DefaultInfo].files.to_list()
    if len(files) != 1:
        fail(_ONE_FILE.format(attribute = attribute, count = len(files), label = ctx.label, target = target.label))
    return struct(files = files, values = [])

def _repository(ctx):
    """Returns a struct like that of _names. Both lists are empty if the repository is only known when the program runs."""
    if ctx.attr.repository and ctx.attr.repository_file:
        fail(_TWO_REPOSITORIES.format(label = ctx.label))
    if ctx.attr.repository:
        return struct(files = [], values = [expand(ctx, "repository", ctx.attr.repository)])
    names = _names(ctx, "repository_file")
    if len(names.values) > 1:
        fail(_ONE_REPOSITORY.format(label = ctx.label, target = ctx.attr.repository_file.label, values = names.values))
    return names

def _make_reference(ctx, contents, repository):
    """Declares the file with the image's name after the push, and returns it, or None if the repository is not known."""
    if not repository.files and not repository.values:
        return None
    reference = ctx.actions.declare_file(ctx.label.name + ".reference")
    names = struct(
        files = repository.files,
        repository = "".join(repository.values),

        # A change in the volatile status would not rebuild the file, so the file cannot contain volatile variables.
        status = [ctx.info_file] if repository.files or _has_variables(repository.values) else [],
    )
    make_reference(ctx, contents.root, names, reference)
    return reference

def _has_variables(names):
    return bool([name for name in names if "{" in name])

def _impl(ctx):
    repository = _repository(ctx)
    tags = _names(ctx, "tag_file")
    tag_values = expand(ctx, "remote_tags", ctx.attr.remote_tags) + tags.values
    source = expand(ctx, "provenance_source", ctx.attr.provenance_source)
    has_variables = repository.files or tags.files or _has_variables(repository.values + tag_values + [source])
    cache = ctx.attr._remote_cache[BuildSettingInfo].value
    referrers = [referrer[ArtifactInfo] for referrer in ctx.attr.referrers]
    signers = [signer[SignerInfo] for signer in ctx.attr.signers]
    contents = with_artifacts(contents_of(ctx.attr.image), referrers)
    arguments = program_arguments(
        ctx,
        flags = {
            "provenance-source": source,
            "remote-cache": cache,
            "remote-cache-credential-helper": ctx.attr._remote_cache_credential_helper[BuildSettingInfo].value,
            "repository": repository.values,
            "sign-images": "true" if ctx.attr.sign_images else "",
            "tag": tag_values,
        },
        files = {
            "referrer": [referrer.descriptor for referrer in referrers],
            "repository-file": repository.files,
            "status": [ctx.info_file, ctx.version_file] if has_variables else [],
            "tag-file": tags.files,
        },
        contents = lazily(contents) if cache else contents,
        ordered = signer_arguments(ctx, signers),
    )
    runfiles = arguments.runfiles.merge_all([signer.runfiles for signer in signers])
    reference = _make_reference(ctx, contents, repository)
    return [
        program(ctx, "push", struct(file = arguments.file, runfiles = runfiles)),
        PushInfo(
            arguments = arguments.file,
            reference = reference,
            repository = "".join(repository.values),
            runfiles = runfiles,
        ),
        OutputGroupInfo(reference = depset([reference] if reference else [])),
    ]

image_push = rule(
    doc = """Pushes an image or an index directly to a registry with `bazel run //:push`.

Layers are uploaded individually and in parallel, without an intermediate archive. Blobs that the registry already has are
not uploaded again, blobs in another known repository of the registry are mounted, and blobs that are only in another
registry are copied from there. Tags are set last. Credentials are those of `docker login` or `podman login`.
`bazel run //:push -- --help` lists all flags, for example `--repository` for a different repository, `--tag` for an
additional tag, `--dry-run`, `--insecure`, `--jobs`, `--json` and `--output`.

`repository`, `remote_tags` and the files may contain workspace status variables, like `{{STABLE_GIT_COMMIT}}`, or
`{{STABLE_GIT_COMMIT|dev}}` with a default. They are expanded when the program runs, so a cache cannot return an outdated tag.
Tags may also contain the image's `{{DIGEST}}` and `{{SHORT_DIGEST}}`; a tag with `{{ARCH}}` or `{{PLATFORM}}` is set on each
image of an index.

Without `repository` and `repository_file`, the repository must be given to the program:
`bazel run //:push -- --repository=REPOSITORY`.

The output group `reference` is the file `NAME.reference`, which contains the image's name after the push,
`REPOSITORY@DIGEST`. Building it does not push. For this file, `repository` may contain only stable variables. A push
without a repository does not have it.

With `--@rules_strata//rules:remote_cache=ADDRESS`, the address of the build's remote cache, Bazel does not download layers
that are in that cache. The program reads those that the registry lacks from the cache and uploads them.

The program is built for the machine that Bazel runs on, the platform in `--host_platform`.""",
    implementation = _impl,
    attrs = RUN_ON_HOST | {
        "image": attr.label(
            doc = "The `image`, `image_index` or `image_artifact` to push.",
            mandatory = True,
            aspects = [forwarded_image],
            providers = ANY_CONTENTS,
        ),
        "provenance_source": attr.string(
            doc = """Where the source code is, for the provenance that `bazel run //:push -- --provenance-builder-id=URI` publishes:
`git+https://git.example.com/team/app@{{STABLE_GIT_COMMIT}}`. May contain Make variables.""",
        ),
        "referrers": attr.label_list(
            doc = """`image_artifact` targets to push with the image, such as its SBOM. The `subject` of each is the image, an image
in the index, or a referrer before it in the list. A registry without the referrers API gets the tag `sha256-HEX` of
distribution-spec, which lists them.""",
            providers = [ArtifactInfo],
        ),
        "remote_tags": attr.string_list(
            doc = """Tags to set, like `["latest", "v1"]`. Without tags, the image can only be pulled by its digest. May contain
Make variables.""",
        ),
        "repository": attr.string(
            doc = "Registry and repository, like `registry.example.com/team/app`. No tag. May contain Make variables.",
        ),
        "repository_file": attr.label(
            doc = "File whose only line is the repository, or a build setting like a `string_flag`. Replaces `repository`.",
            allow_files = True,
        ),
        "sign_images": attr.bool(
            doc = "Whether the signers also sign each image of an index. They always sign the index.",
        ),
        "signers": attr.label_list(
            doc = """`image_signer` targets that sign the image after it was pushed with its referrers, and before its tags are
set. Each push signs again. If one fails, the push fails, and no tag changes.""",
            providers = [SignerInfo],
        ),
        "tag_file": attr.label(
            doc = "File with additional tags, one per line, or a build setting like a `string_flag` whose value is a tag.",
            allow_files = True,
        ),
        "_remote_cache_credential_helper": attr.label(default = "//rules:remote_cache_credential_helper"),
        "_remote_cache": attr.label(default = "//rules:remote_cache"),
    },
    executable = True,
    provides = [PushInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)

def _loads_of(target):
    return getattr(target[PushesInfo], "loads", ()) if PushesInfo in target else ()

def _load_flag(ctx, info):
    # The program finds its own arguments only under this path: see launcher.bzl.
    return "%s=%%runfiles%%/%s" % (escape(shown(info.target)), runfiles_path(ctx, info.executable))

def _pushes_impl(ctx):
    pushes = [
        push
        for target in ctx.attr.pushes
        for push in ([target[PushInfo]] if PushInfo in target else target[PushesInfo].pushes)
    ]
    loads = [
        info
        for target in ctx.attr.pushes + ctx.attr.loads
        for info in ([target[LoadInfo]] if LoadInfo in target else _loads_of(target))
    ]
    if not pushes and not loads:
        fail(_NOTHING.format(label = ctx.label))
    arguments = program_arguments(
        ctx,
        flags = {"load": [_load_flag(ctx, info) for info in loads]},
        files = {"push": [push.arguments for push in pushes]},
    )
    runfiles = arguments.runfiles.merge_all(
        [push.runfiles for push in pushes] +
        [info.runfiles.merge(ctx.runfiles([info.executable])) for info in loads],
    )
    return [
        program(ctx, "push", struct(file = arguments.file, runfiles = runfiles)),
        PushesInfo(loads = tuple(loads), pushes = tuple(pushes)),
        OutputGroupInfo(reference = depset([push.reference for push in pushes if push.reference])),
    ]

image_push_all = rule(
    doc = """Pushes several images with one `bazel run`, each to its own repository and tags.

The blobs of all images are uploaded together. A blob that several repositories of a registry need is uploaded once and
mounted into the others. Tags are set only after all images have been pushed. The flags are those of `image_push`; `--tag`
applies to every image.

Then the images of `loads` are loaded, whether or not the pushes succeeded. The exit code is 0 only if everything did. The
environment variable `STRATA_ENGINE` selects the engine for all loads, and `--insecure` applies to them, too.""",
    implementation = _pushes_impl,
    attrs = RUN_ON_HOST | {
        "loads": attr.label_list(
            doc = "The `image_load` targets.",
            providers = [LoadInfo],
        ),
        "pushes": attr.label_list(
            doc = "The `image_push` targets, and other `image_push_all` targets, whose loads run, too.",
            providers = [[PushInfo], [PushesInfo]],
        ),
    },
    executable = True,
    provides = [PushesInfo],
)
