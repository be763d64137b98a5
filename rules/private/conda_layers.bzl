"""conda_layers: the layers of a Conda environment."""

load(":conda_actions.bzl", "make_conda_environment", "make_conda_layer")
load(":conda_environment.bzl", "CondaEnvironmentInfo")
load(":conda_package.bzl", "local_python")
load(":conda_settings.bzl", "for_layers")
load(":conda_split.bzl", "split_packages")
load(":configuration.bzl", "CONFIGURATION_ATTRS")
load(":packing.bzl", "declare_layer", "default_packing")
load(":policy.bzl", "policy_facts")
load(":providers.bzl", "LayersInfo")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

# An image has at most 127 layers, and at least one of them belongs to something else.
_MOST = 126

# What a shebang and a shell can hold without quoting.
_PREFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-/@"
_MOST_PREFIX = 200

_BAD_PREFIX = """{label}: attribute prefix: {prefix} must be an absolute path below /, of at most {most} letters, digits and \
"._+-@", without "//", "." and "..", like "/opt/conda" """

_BAD_BUDGET = """{label}: attribute budget: {budget} is not a number from 2 to {most}
hint: one layer is for the environment, and an image has at most 127 layers, including those of its base"""

_NOT_THERE = """{label}: attribute exclude: the environment has no package {name}
hint: remove it from the list; the environment has {names}"""

def prefix_problem(prefix):
    """Returns whether a prefix is not one that all packages can be installed to."""
    parts = prefix.split("/")
    return bool(
        parts[0] or len(parts) < 2 or [part for part in parts[1:] if part in ["", ".", ".."]] or
        len(prefix) > _MOST_PREFIX or [char for char in prefix.elems() if char not in _PREFIX],
    )

def _check(ctx):
    if prefix_problem(ctx.attr.prefix):
        fail(_BAD_PREFIX.format(label = ctx.label, most = _MOST_PREFIX, prefix = repr(ctx.attr.prefix)).strip())
    if ctx.attr.budget < 2 or ctx.attr.budget > _MOST:
        fail(_BAD_BUDGET.format(budget = ctx.attr.budget, label = ctx.label, most = _MOST))

def _included(ctx, environment):
    names = [package.name for package in environment.packages]
    for name in ctx.attr.exclude:
        if name not in names:
            fail(_NOT_THERE.format(label = ctx.label, name = name, names = ", ".join(sorted(names))))
    return [package for package in environment.packages if package.name not in ctx.attr.exclude]

def _group(ctx, group, python):
    """Returns the layer of a group and the File with its facts."""
    if not group.name:
        return group.packages[0].layer, group.packages[0].facts
    name = "%s.%s" % (ctx.label.name, group.name)
    noarch = [package for package in group.packages if package.noarch]
    facts = ctx.actions.declare_file(name + ".facts.json")
    layer = declare_layer(ctx, name)
    make_conda_layer(
        ctx,
        group.packages,
        link_scripts = ctx.attr.link_scripts,
        packing = default_packing(ctx),
        prefix = ctx.attr.prefix,
        python = local_python(ctx, name + ".python.json", python) if noarch else None,
        layer = layer,
        facts = facts,
        progress_message = "Building layer of %d Conda packages of %%{label}" % len(group.packages),
    )
    return layer, facts

def _impl(ctx):
    _check(ctx)
    target = ctx.attr.env[0] if type(ctx.attr.env) == "list" else ctx.attr.env
    environment = target[CondaEnvironmentInfo]
    groups = [
        _group(ctx, group, environment.python)
        for group in split_packages(_included(ctx, environment), environment.sizes, ctx.attr.budget - 1)
    ]
    packages = ctx.actions.declare_file(ctx.label.name + ".packages.json")
    last = declare_layer(ctx, ctx.label.name + ".environment")
    make_conda_environment(
        ctx,
        settings = {
            "activation": ctx.attr.activation,
            "clobber": ctx.attr.clobber,
            "name": ctx.attr.env_name or environment.name,
            "prefix": ctx.attr.prefix,
        },
        packing = default_packing(ctx),
        facts = [facts for _, facts in groups],
        layer = last,
        packages = packages,
    )
    layers = [layer for layer, _ in groups] + [last]
    return [
        LayersInfo(layers = tuple(layers)),
        DefaultInfo(files = depset([layer.blob for layer in layers])),
        OutputGroupInfo(
            descriptor = depset([layer.descriptor for layer in layers]),
            packages = depset([packages]),
        ),
    ] + policy_facts(ctx, layers, single = False)

conda_layers = rule(
    doc = """Installs a Conda environment from a lock file into layers: the packages, and a last layer that makes them an
environment. No Conda program is needed, neither for the build nor in the image; see docs/conda.md.

Packages of 2 MiB and more get a layer each, largest first; smaller ones share a few layers, chosen by their names. Updating a
package rebuilds its layer, the small last one, and the image's metadata. The layer of a package is built once for all
environments that have it at the same `prefix`.

The image gets the environment variables of the activated environment, below its own `env`: `PATH` begins with `PREFIX/bin`.

    conda_layers(
        name = "python",
        env = "@env",
    )

    image(
        name = "image",
        base = "@debian",
        entrypoint = ["/opt/conda/bin/python"],
        layers = [":python"],
    )

The output group `packages` is a JSON file that lists the packages, for an SBOM.""",
    implementation = _impl,
    attrs = CONFIGURATION_ATTRS | {
        "activation": attr.string(
            doc = """What to do about packages with activation scripts (`etc/conda/activate.d/*.sh`), which a shell would have
to run. `error`; `ignore`; or `shell`: add a program `PREFIX/bin/conda-entrypoint`, which runs them and then the command in its
arguments. Use it in the image's `entrypoint`. It needs `/bin/sh` in the image.""",
            default = "error",
            values = ["error", "ignore", "shell"],
        ),
        "budget": attr.int(
            doc = "Maximum number of layers, from 2 to 126.",
            default = 40,
        ),
        "clobber": attr.string(
            doc = """What to do if several packages have different files at the same path: `error`, or `last`, the file of the
highest layer, usually that of the package that depends on the others. Identical files are always permitted, and a file at the
path of another package's directory never is.""",
            default = "error",
            values = ["error", "last"],
        ),
        "env": attr.label(
            doc = "The environment: a repository of the extension `conda`, like `@env`.",
            cfg = for_layers,
            mandatory = True,
            providers = [CondaEnvironmentInfo],
        ),
        "env_name": attr.string(
            doc = "Value of `CONDA_DEFAULT_ENV`. Defaults to the name of the environment's repository.",
        ),
        "exclude": attr.string_list(
            doc = "Names of packages to leave out, whatever depends on them.",
        ),
        "link_scripts": attr.string(
            doc = """What to do about packages with scripts that an installation would run (`pre-link`, `post-link`): `error`
or `ignore`. They are never run.""",
            default = "error",
            values = ["error", "ignore"],
        ),
        "prefix": attr.string(
            doc = "Directory of the environment in the image.",
            default = "/opt/conda",
        ),
    },
    provides = [LayersInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
