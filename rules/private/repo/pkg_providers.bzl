"""rules_pkg's providers for rules that cannot depend on rules_pkg: the real ones where its users say where they are."""

visibility(["//rules/..."])

# What rules/private/pkgs.bzl loads.
PKG_PROVIDERS = "rules_strata_pkg_providers"

_NAMES = ["PackageDirsInfo", "PackageFilegroupInfo", "PackageFilesInfo", "PackageSymlinkInfo"]

_TWO_FILES = """rules_strata: the modules {first} and {second} want different providers of rules_pkg: {one} and {two}.
Remove `providers` from one of them."""

# For the bzl_library of what loads providers.bzl.
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
    doc = "A file providers.bzl with the providers of rules_pkg, or with stand-ins that no target of rules_pkg has.",
    implementation = _pkg_providers_impl,
    attrs = {
        "file": attr.string(doc = "Label of the file that defines the providers; empty where there is no rules_pkg."),
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
    doc = "Makes targets of rules_pkg inputs of `image_layer`.",
    implementation = _rules_pkg_impl,
    tag_classes = {
        "providers": tag_class(
            doc = "Says where the providers are.",
            attrs = {
                "file": attr.label(
                    doc = "`@rules_pkg//pkg:providers.bzl`, as the module that says it sees rules_pkg.",
                    mandatory = True,
                ),
            },
        ),
    },
)
