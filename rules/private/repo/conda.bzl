"""The module extension `conda`."""

load(":conda_plan.bzl", "LOCK_ATTRS", "add_archives", "environment_attrs", "read_lock_of")
load(":conda_repositories.bzl", "conda_archive", "conda_environment_repository")

visibility(["//rules/..."])

def _impl(ctx):
    environments = {}
    archives = {}
    direct = []
    for module in ctx.modules:  # The root module comes first.
        for tag in module.tags.lock:
            platforms = read_lock_of(ctx, tag)
            if _claim(environments, tag.name, module, environment_attrs(platforms)):
                add_archives(archives, platforms, tag.mirrors, tag.archives)
                direct += [tag.name] if module.is_root and tag.name not in direct else []
    for name, environment in environments.items():
        conda_environment_repository(name = name, environment = name, platforms = environment.platforms)
    for name, attrs in archives.items():
        conda_archive(name = name, **attrs)
    return ctx.extension_metadata(
        reproducible = True,
        root_module_direct_deps = direct,
        root_module_direct_dev_deps = [],
    )

def _claim(environments, name, module, platforms):
    """Adds platforms to an environment and returns whether they are used. The root module may override other modules."""
    first = environments.setdefault(name, struct(module = module, platforms = {}))
    if first.module != module:
        if first.module.is_root:
            return False
        fail("conda environment %r is declared by the module %s and by the module %s: one of the names has to change" % (
            name,
            first.module.name,
            module.name,
        ))
    for platform, attrs in platforms.items():
        if platform in first.platforms:
            fail("conda environment %r is declared twice for %s" % (name, platform))
        first.platforms[platform] = attrs
    return True

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
