"""The module extension `conda`."""

load(":conda_plan.bzl", "LOCK_ATTRS", "add_archives", "environment_attrs", "read_lock_of")
load(":conda_repositories.bzl", "conda_archive", "conda_environment_repository", "conda_pythons_repository")

visibility(["//rules/..."])

def _impl(ctx):
    environments = {}
    archives = {}
    pythons = struct(repository = "conda_pythons", targets = {})
    direct = []
    for module in ctx.modules:  # The root module comes first.
        for tag in module.tags.lock:
            if not _claim(environments, tag.name, module):
                continue
            platforms = read_lock_of(ctx, tag)
            _add(environments[tag.name].platforms, tag.name, environment_attrs(platforms, pythons))
            add_archives(archives, platforms, tag.mirrors, tag.archives)
            direct += [tag.name] if module.is_root and tag.name not in direct else []
    for name, environment in environments.items():
        conda_environment_repository(name = name, environment = name, platforms = environment.platforms)
    for name, attrs in archives.items():
        conda_archive(name = name, **attrs)
    conda_pythons_repository(name = pythons.repository, pythons = pythons.targets)
    return ctx.extension_metadata(
        reproducible = True,
        root_module_direct_deps = direct,
        root_module_direct_dev_deps = [],
    )

def _claim(environments, name, module):
    """Claims a name and returns whether it belongs to the module. The root module may override names of other modules."""
    first = environments.setdefault(name, struct(module = module, platforms = {}))
    if first.module == module:
        return True
    if not first.module.is_root:
        fail("conda environment %r is declared by the module %s and by the module %s: one of the names has to change" % (
            name,
            first.module.name,
            module.name,
        ))
    return False

def _add(environment, name, platforms):
    for platform, attrs in platforms.items():
        if platform in environment:
            fail("conda environment %r is declared twice for %s" % (name, platform))
        environment[platform] = attrs

conda = module_extension(
    doc = """Conda environments from lock files. Each becomes a repository `@NAME`, the `env` of a `conda_layers`. Each archive
is fetched once, by its SHA-256, when something needs it.""",
    implementation = _impl,
    tag_classes = {
        "lock": tag_class(
            doc = """Declares an environment. Two tags with the same name and different platforms are one environment: an
explicit file is for a single platform.""",
            attrs = {"name": attr.string(doc = "Name of the repository.", mandatory = True)} | LOCK_ATTRS,
        ),
    },
)
