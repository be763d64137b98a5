"""WORKSPACE mode: a repository whose repositories.bzl declares the images of a lock file.

A WORKSPACE file cannot read other files, but it can load .bzl files from a repository.
"""

load(":lock.bzl", "blob_attrs", "read_lock")

visibility(["//rules/..."])

def _impl(ctx):
    lock = read_lock(ctx, ctx.attr.lock)
    lines = [
        "load(%r, \"blob_repository\", \"image_repository\")" % str(Label("//rules:locked.bzl")),
        "def image_repositories():",
        "    pass",
    ]
    for name in lock["images"]:
        attrs = {"name": name, "image": name, "lock": str(ctx.attr.lock)}
        lines.append("    image_repository(**%r)" % attrs)
    for name, attrs in blob_attrs([lock]).items():
        lines += [
            "    if not native.existing_rule(%r):" % name,
            "        blob_repository(**%r)" % (attrs | {"name": name}),
        ]
    ctx.file("BUILD.bazel")
    ctx.file("repositories.bzl", "\n".join(lines) + "\n")

workspace_images = repository_rule(
    doc = "Declarations of the images in a lock file.",
    implementation = _impl,
    attrs = {
        "lock": attr.label(mandatory = True, doc = "The lock file."),
    },
)
