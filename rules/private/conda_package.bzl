"""The rules of Conda packages. The BUILD files of the repositories that the extension `conda` declares use them."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load(":conda_actions.bzl", "make_conda_layer", "make_conda_python")
load(":conda_settings.bzl", "outside_layers")
load(":configuration.bzl", "CONFIGURATION_ATTRS")
load(":packing.bzl", "declare_layer", "default_packing")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

CondaPythonInfo = provider(
    doc = "The Python of an environment.",
    fields = {"file": "(File) Its version and the path of site-packages as JSON, or None."},
)

CondaPackageInfo = provider(
    doc = "A Conda package.",
    fields = {
        "archive": "(File) The package.",
        "facts": "(File) The package's files and variables for the environment's action, a by-product of the layer.",
        "layer": "(LayerInfo) The layer that contains only this package.",
        "name": "(string) The package's name.",
        "noarch": "(bool) Whether the package is for all platforms, so that its files may depend on the environment's Python.",
        "url": "(string) The archive's URL in the lock file.",
    },
)

def local_python(ctx, name, python):
    """Declares a file with the contents of an environment's python.json.

    Its path does not contain the version of the Python package, so an update that keeps the contents rebuilds nothing.

    Args:
      ctx: The rule's context.
      name: Name of the file.
      python: The File that make_conda_python wrote, or None.

    Returns:
      File, or None if the environment has no Python.
    """
    if not python:
        return None
    file = ctx.actions.declare_file(name)
    ctx.actions.symlink(output = file, target_file = python)
    return file

def _python_impl(ctx):
    if not ctx.file.archive:
        return [CondaPythonInfo(file = None)]
    output = ctx.actions.declare_file(ctx.label.name + ".json")
    make_conda_python(ctx, ctx.file.archive, output)
    return [CondaPythonInfo(file = output), DefaultInfo(files = depset([output]))]

conda_python = rule(
    doc = "The version and site-packages path of the package `python`, which noarch packages need.",
    implementation = _python_impl,
    cfg = outside_layers,
    attrs = {
        "archive": attr.label(allow_single_file = True, doc = "The package, or unset for environments without Python."),
    },
    provides = [CondaPythonInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)

def _package_impl(ctx):
    noarch = hasattr(ctx.attr, "_python")
    package = struct(archive = ctx.file.archive, name = ctx.attr.package, noarch = noarch, url = ctx.attr.url)
    python = ctx.attr._python[CondaPythonInfo].file if noarch else None
    facts = ctx.actions.declare_file(ctx.label.name + ".facts.json")
    layer = declare_layer(ctx, ctx.label.name)
    make_conda_layer(
        ctx,
        [package],
        link_scripts = ctx.attr._link_scripts[BuildSettingInfo].value,
        packing = default_packing(ctx),
        prefix = ctx.attr._prefix[BuildSettingInfo].value,
        python = local_python(ctx, ctx.label.name + ".python.json", python),
        layer = layer,
        facts = facts,
        progress_message = "Building layer of Conda package " + package.name,
    )
    return [
        CondaPackageInfo(
            archive = package.archive,
            facts = facts,
            layer = layer,
            name = package.name,
            noarch = package.noarch,
            url = package.url,
        ),
        DefaultInfo(files = depset([package.archive])),
    ]

def _package_rule(doc, attrs):
    return rule(
        doc = doc,
        implementation = _package_impl,
        attrs = CONFIGURATION_ATTRS | attrs | {
            "archive": attr.label(allow_single_file = True, doc = "The package.", mandatory = True),
            "package": attr.string(doc = "The package's name.", mandatory = True),
            "url": attr.string(doc = "The archive's URL in the lock file.", mandatory = True),
            "_link_scripts": attr.label(default = ":conda_link_scripts", providers = [BuildSettingInfo]),
            "_prefix": attr.label(default = ":conda_prefix", providers = [BuildSettingInfo]),
        },
        provides = [CondaPackageInfo],
        toolchains = [BUILD_TOOLCHAIN_TYPE],
    )

conda_package = _package_rule("A package for one platform.", {})

conda_noarch_package = _package_rule(
    "A package for all platforms.",
    {"_python": attr.label(default = ":conda_python", providers = [CondaPythonInfo])},
)
