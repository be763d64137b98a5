"""A repository with one layer of a locked image: the file HEX, named by its digest."""

load(":registry.bzl", "ADVICE", "fetch", "source")
load(":servers.bzl", "server_problem", "trusted_servers")

visibility(["//rules/..."])

def _impl(ctx):
    registries = {name: json.decode(how) for name, how in ctx.attr.registries.items()}
    trusted = trusted_servers(ctx)
    for name, how in registries.items():
        problem = server_problem(name, how, trusted)
        if problem:
            fail("lock file of image %s: %s" % (ctx.attr.images, problem))
    problem = fetch(
        ctx,
        "blobs",
        "sha256:" + ctx.attr.sha256,
        ctx.attr.sha256,
        [source(name, registries) for name in ctx.attr.sources],
        urls = ctx.attr.urls,
    )
    if problem:
        fail("layer sha256:%s of image %s: %s%s" % (ctx.attr.sha256, ctx.attr.images, problem, ADVICE))
    ctx.file("BUILD.bazel", "exports_files([%r])\n" % ctx.attr.sha256)

blob_repository = repository_rule(
    doc = "One layer of a locked image, fetched by its digest.",
    implementation = _impl,
    attrs = {
        "images": attr.string(doc = "The images that the layer belongs to, for messages."),
        "registries": attr.string_dict(doc = "Access to each registry, as JSON from the lock file."),
        "sha256": attr.string(mandatory = True, doc = "The digest's hexadecimal digits."),
        "sources": attr.string_list(doc = "Repositories that contain the layer, in order of preference."),
        "urls": attr.string_list(doc = "Additional URLs of the layer, from the manifest."),
    },
)

def blob_repository_name(sha256):
    """Returns the name of the repository of a layer, given the hexadecimal digits of its digest."""
    return "sha256_" + sha256
