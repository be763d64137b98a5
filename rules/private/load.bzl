"""image_load: hands an image to a container engine."""

load(":contents.bzl", "IMAGE_OR_INDEX")
load(":launcher.bzl", "image_program")
load(":run_tools.bzl", "RUN_ON_HOST")

visibility(["//rules/..."])

def _impl(ctx):
    return [image_program(ctx, "load", {
        "default-engine": ctx.attr.engine,
        "name": ctx.attr.repo_tags,
    })]

image_load = rule(
    doc = """Loads an image into Docker, Podman or containerd when it is run, `bazel run //:load`, and prints its names.

Only layers that the engine lacks are sent, as a stream; no archive is written. A layer of a base that is in a
registry only is read from there then. Of an index the engine's own platform is loaded. The engine is the one that the
flag `--engine` names (`bazel run //:load -- --engine=podman`), else the environment variable `STRATA_ENGINE`, else
the attribute `engine`. `bazel run //:load -- --help` lists the flags: a `--namespace` of containerd's, another
`--platform`, a further `--name`, and `--archive=FILE` for an archive instead.

The program is built for the machine that Bazel runs on, which is the platform that `--host_platform` names.""",
    implementation = _impl,
    attrs = RUN_ON_HOST | {
        "engine": attr.string(
            doc = "`docker`, `podman`, `containerd`, or `auto`: Docker if its daemon answers, else Podman.",
            default = "auto",
            values = ["auto", "containerd", "docker", "podman"],
        ),
        "image": attr.label(
            doc = "The `image` or `image_index` to load.",
            mandatory = True,
            providers = IMAGE_OR_INDEX,
        ),
        "repo_tags": attr.string_list(
            doc = "Names to give to the image, like `[\"localhost/app:latest\"]`.",
            mandatory = True,
            allow_empty = False,
        ),
    },
    executable = True,
)
