"""The providers of rules_pkg, or stand-ins if the build does not use rules_pkg, which rules_strata does not depend on."""

visibility(["//rules/..."])

# What rules/private/pkgs.bzl loads.
PKG_PROVIDERS = "rules_strata_pkg_providers"

_NAMES = ["PackageDirsInfo", "PackageFilegroupInfo", "PackageFilesInfo", "PackageSymlinkInfo"]

_TWO_FILES = """rules_strata: the modules {first} and {second} use different providers of rules_pkg: {one} and {two}.
Remove `providers` from one of them."""

# For the bzl_library targets of files that load providers.bzl.
_BUILD = """filegroup(
    name = "providers",
    srcs = %r,
    visibility = ["//visibility:public"],
)
"""

def _pkg_providers_impl(repository_ctx):
    if repository_ctx.attr.file:
        lines = ["load(%r, %s)" % (
            repository_ctx.attr.file,
            ", ".join(["_%s = %r" % (name, name) for name in _NAMES]),
        )]
        lines += ["%s = _%s" % (name, name) for name in _NAMES]
    else:
        lines = ["%s = provider(doc = \"A stand-in.\")" % name for name in _NAMES]
    sources = ["providers.bzl"] + ([repository_ctx.attr.file] if repository_ctx.attr.file else [])
    repository_ctx.file("BUILD.bazel", _BUILD % sources)
    repository_ctx.file("providers.bzl", "\n".join(lines) + "\n")

pkg_providers = repository_rule(
    doc = "A file providers.bzl with the providers of rules_pkg, or with stand-ins that no target provides.",
    implementation = _pkg_providers_impl,
    attrs = {
        "file": attr.string(doc = "Label of the file that defines the providers, or empty without rules_pkg."),
    },
)

def _rules_pkg_impl(module_ctx):
    found = None
    for module in module_ctx.modules:
        for tag in module.tags.providers:
            if found and found.file != tag.file:
                fail(_TWO_FILES.format(
                    first = found.module,
                    one = found.file,
                    second = module.name,
                    two = tag.file,
                ))
            found = struct(file = tag.file, module = module.name)
    pkg_providers(name = PKG_PROVIDERS, file = str(found.file) if found else "")
    return module_ctx.extension_metadata(reproducible = True)

rules_pkg = module_extension(
    doc = "Enables rules_pkg targets in the attribute `pkgs` of `image_layer`.",
    implementation = _rules_pkg_impl,
    tag_classes = {
        "providers": tag_class(
            doc = "Specifies the file that defines the providers.",
            attrs = {
                "file": attr.label(
                    doc = "`@rules_pkg//pkg:providers.bzl`, resolved in the calling module.",
                    mandatory = True,
                ),
            },
        ),
    },
)
