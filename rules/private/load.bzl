"""image_load: loads an image into a container engine."""

load(":contents.bzl", "ANY_CONTENTS", "refuse_artifact")
load(":launcher.bzl", "image_program")
load(":run_tools.bzl", "RUN_ON_HOST")

visibility(["//rules/..."])

def _impl(ctx):
    refuse_artifact(ctx, "image", "a container engine cannot load it; use image_push, image_archive or image_test")
    return [image_program(ctx, "load", {
        "default-engine": ctx.attr.engine,
        "name": ctx.attr.repo_tags,
    })]

image_load = rule(
    doc = """Loads an image into Docker, Podman or containerd with `bazel run //:load`, and prints the image's names.

The program streams only the layers that the engine lacks, without writing an archive. Layers of a base that are only in a
registry are read from there. For an index, the image for the engine's platform is loaded. The flag `--engine` selects the
engine (`bazel run //:load -- --engine=podman`), then the environment variable `STRATA_ENGINE`, then the attribute `engine`.
`bazel run //:load -- --help` lists all flags, for example `--namespace` for containerd, `--platform` for a different
platform, `--name` for an additional name, and `--archive=FILE` to write an archive instead.

The program is built for the machine that Bazel runs on, the platform in `--host_platform`.""",
    implementation = _impl,
    attrs = RUN_ON_HOST | {
        "engine": attr.string(
            doc = "`docker`, `podman`, `containerd`, or `auto`, which means Docker if its daemon responds, otherwise Podman.",
            default = "auto",
            values = ["auto", "containerd", "docker", "podman"],
        ),
        "image": attr.label(
            doc = "The `image` or `image_index` to load.",
            mandatory = True,
            providers = ANY_CONTENTS,
        ),
        "repo_tags": attr.string_list(
            doc = "Names to give the image, like `[\"localhost/app:latest\"]`.",
            mandatory = True,
            allow_empty = False,
        ),
    },
    executable = True,
)
