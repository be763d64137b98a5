"""image_load: loads one image or several into a container engine."""

load(":actions.bzl", "make_archive")
load(":contents.bzl", "contents_of", "merged_contents", "refuse_artifact")
load(":image_names.bzl", "image_names", "named_image_attrs", "named_roots")
load(":launcher.bzl", "program", "program_arguments")
load(":providers.bzl", "LoadInfo")
load(":run_tools.bzl", "RUN_ON_HOST")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

_NO_NAME = "{label}: the image needs a name; set repo_tags or repo_tags_file"

def _impl(ctx):
    for attribute in ["image", "images"]:
        refuse_artifact(ctx, attribute, "a container engine cannot load it; use image_push, image_archive or image_test")
    names = image_names(ctx)
    if not names.images and not names.tags and not names.files:
        fail(_NO_NAME.format(label = ctx.label))
    contents, roots = None, []
    if names.images:
        each = {name: contents_of(target) for name, target in ctx.attr.images.items()}
        contents, roots = merged_contents(each.values()), named_roots(names, each)
    else:
        contents = contents_of(ctx.attr.image)
    info = program(ctx, "load", program_arguments(
        ctx,
        flags = {"default-engine": ctx.attr.engine, "name": names.tags},
        files = {
            "name-file": names.files,
            "status": [ctx.info_file, ctx.version_file] if names.stamped else [],
        },
        contents = contents,
        roots = roots,
    ))

    # Not NAME.tar, which may be the output of a genrule that runs the target.
    archive = ctx.actions.declare_file(ctx.label.name + ".tarball.tar")
    make_archive(ctx, contents, archive = archive, names = struct(
        files = names.files,
        referrers = [],
        roots = roots,
        status = [ctx.info_file] if names.stamped else [],
        tags = names.tags,
    ))
    return [
        info,
        LoadInfo(
            executable = info.files.to_list()[0],  # the only one
            runfiles = info.default_runfiles,
            target = ctx.label,
        ),
        OutputGroupInfo(tarball = depset([archive])),
    ]

image_load = rule(
    doc = """Loads images into Docker, Podman or containerd with `bazel run //:load`, and prints the images' names.

The program streams only the layers that the engine lacks, without writing an archive. Layers of a base that are only in a
registry are read from there. For an index, the image for the engine's platform is loaded. The flag `--engine` selects the
engine (`bazel run //:load -- --engine=podman`), then the environment variable `STRATA_ENGINE`, then the attribute `engine`.
`bazel run //:load -- --help` lists all flags, for example `--namespace` for containerd, `--platform` for a different
platform, `--name` for an additional name, and `--archive=FILE` to write an archive instead.

`bazel run //:load -- --run` runs a container of the loaded image. Arguments after the flags are those of the container, and
`--run-flag` passes flags to the engine: `bazel run //:load -- --run --run-flag=--publish=8080:80 sh`. With
`args = ["--run"]` in the rule, `bazel run //:load` does the same.

Names with variables of the workspace status are expanded when the program runs.

The output group `tarball` is the tar that `image_archive` writes. For an image with a locked base, use `image_archive`.

The program is built for the machine that Bazel runs on, the platform in `--host_platform`.""",
    implementation = _impl,
    attrs = RUN_ON_HOST | named_image_attrs("load") | {
        "engine": attr.string(
            doc = "`docker`, `podman`, `containerd`, or `auto`, which means Docker if its daemon responds, otherwise Podman.",
            default = "auto",
            values = ["auto", "containerd", "docker", "podman"],
        ),
    },
    executable = True,
    provides = [LoadInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
