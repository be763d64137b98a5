"""The rule of Conda environments. The BUILD files of the repositories that the extension `conda` declares use it."""

load(":conda_package.bzl", "CondaPackageInfo", "CondaPythonInfo")
load(":conda_settings.bzl", "for_noarch")

visibility(["//rules/..."])

CondaEnvironmentInfo = provider(
    doc = "A Conda environment for one platform.",
    fields = {
        "name": "(string) The environment's name.",
        "packages": "(tuple[CondaPackageInfo]) The packages, dependencies first.",
        "python": "(File) Version and site-packages path of the environment's Python, for noarch packages, or None.",
        "sizes": "(dict[string, int]) Sizes of archives by package name. Unknown ones are omitted.",
    },
)

def _impl(ctx):
    packages = {
        target[CondaPackageInfo].name: target[CondaPackageInfo]
        for target in ctx.attr.packages + ctx.attr.noarch_packages
    }
    return [
        CondaEnvironmentInfo(
            name = ctx.attr.environment,
            packages = tuple([packages[name] for name in ctx.attr.order]),
            python = ctx.attr.python[CondaPythonInfo].file if ctx.attr.python else None,
            sizes = {name: int(size) for name, size in ctx.attr.sizes.items()},
        ),
        DefaultInfo(files = depset([package.archive for package in packages.values()])),
    ]

conda_environment = rule(
    doc = "A Conda environment for one platform.",
    implementation = _impl,
    attrs = {
        "environment": attr.string(doc = "The environment's name.", mandatory = True),
        "noarch_packages": attr.label_list(cfg = for_noarch, providers = [CondaPackageInfo]),
        "order": attr.string_list(doc = "The names of all packages, dependencies first.", mandatory = True),
        "packages": attr.label_list(providers = [CondaPackageInfo]),
        "python": attr.label(doc = "The environment's Python, if it has one.", providers = [CondaPythonInfo]),
        "sizes": attr.string_dict(doc = "Sizes of archives in bytes, by package name."),
    },
    provides = [CondaEnvironmentInfo],
)
