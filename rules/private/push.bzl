"""image_push: sends an image to a registry."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load(":contents.bzl", "IMAGE_OR_INDEX", "contents_of", "lazily")
load(":launcher.bzl", "image_program")
load(":toolchain.bzl", "TOOLCHAIN_TYPE")

visibility(["//rules/..."])

def _impl(ctx):
    cache = ctx.attr._remote_cache[BuildSettingInfo].value
    contents = contents_of(ctx.attr.image)
    return [image_program(ctx, "pusher", {
        "credential-helper": ctx.attr._credential_helper[BuildSettingInfo].value,
        "remote-cache": cache,
        "repository": ctx.attr.repository,
        "tag": ctx.attr.remote_tags,
    }, lazily(contents) if cache else contents)]

image_push = rule(
    doc = """Sends an image or an index straight to a registry when it is run: `bazel run //:push`.

Layers go up one by one and in parallel, with no archive in between; what the registry has already is not sent again.
Tags are set last. Credentials are those that `docker login` or `podman login` left. `bazel run //:push -- --help` lists the
flags: another `--repository`, a further `--tag`, `--insecure`, `--jobs`, `--dry-run`.

With `--@rules_strata//rules:remote_cache=ADDRESS`, the address of the build's remote cache, layers that are in that cache do
not come to this machine's disk: the program reads those that the registry lacks from the cache, and sends them on.""",
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
        "_credential_helper": attr.label(default = "//rules:credential_helper"),
        "_remote_cache": attr.label(default = "//rules:remote_cache"),
    },
    executable = True,
    toolchains = [TOOLCHAIN_TYPE],
)
