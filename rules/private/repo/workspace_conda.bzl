"""WORKSPACE mode: a repository whose repositories.bzl declares a Conda environment and its packages."""

load(":conda_plan.bzl", "LOCK_ATTRS", "add_archives", "environment_attrs", "read_lock_of")

visibility(["//rules/..."])

def _impl(ctx):
    platforms = read_lock_of(ctx, ctx.attr)
    archives = {}
    pythons = struct(repository = ctx.attr.repository + "_pythons", targets = {})
    add_archives(archives, platforms, ctx.attr.mirrors, ctx.attr.archives)
    lines = [
        "load(%r, \"conda_archive\", \"conda_environment_repository\", \"conda_pythons_repository\")" % str(Label("//rules:conda_locked.bzl")),
        "def conda_repositories():",
        "    conda_environment_repository(**%r)" % {
            "environment": ctx.attr.repository,
            "name": ctx.attr.repository,
            "platforms": environment_attrs(platforms, pythons),
        },
        "    conda_pythons_repository(name = %r, pythons = %r)" % (pythons.repository, pythons.targets),
    ]
    for name, attrs in archives.items():
        lines += [
            "    if not native.existing_rule(%r):" % name,
            "        conda_archive(**%r)" % (attrs | {"name": name}),
        ]
    ctx.file("BUILD.bazel")
    ctx.file("repositories.bzl", "\n".join(lines) + "\n")

workspace_conda = repository_rule(
    doc = "Declarations of a Conda environment.",
    implementation = _impl,
    attrs = LOCK_ATTRS | {
        "repository": attr.string(mandatory = True, doc = "Name of the environment's repository."),
    },
)
