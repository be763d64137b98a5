"""image_push: sends an image to a registry."""

load(":contents.bzl", "IMAGE_OR_INDEX")
load(":launcher.bzl", "image_program")
load(":toolchain.bzl", "TOOLCHAIN_TYPE")

visibility(["//rules/..."])

def _impl(ctx):
    return [image_program(ctx, "pusher", {
        "repository": ctx.attr.repository,
        "tag": ctx.attr.remote_tags,
    })]

image_push = rule(
    doc = """Sends an image or an index straight to a registry when it is run: `bazel run //:push`.

Layers go up one by one and in parallel, with no archive in between; what the registry has already is not sent again.
Tags are set last. Credentials are those that `docker login` or `podman login` left. `bazel run //:push -- --help` lists the
flags: another `--repository`, a further `--tag`, `--insecure`, `--jobs`, `--dry-run`.""",
    implementation = _impl,
    attrs = {
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
            mandatory = True,
        ),
    },
    executable = True,
    toolchains = [TOOLCHAIN_TYPE],
)
