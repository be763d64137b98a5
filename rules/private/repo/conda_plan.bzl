"""The repositories that the lock files of Conda environments need: a pure function of their contents."""

load(":conda_lock.bzl", "lock_request", "read_conda_lock")

visibility(["//rules/..."])

# The attributes that say what to read from a lock file, for the extension and for a WORKSPACE.
LOCK_ATTRS = {
    "archives": attr.label_list(
        doc = """Archives in the source tree, which are not downloaded. They belong to the packages in the lock file with the same
file names, and must have their hashes. For packages of several platforms with the same file name, put the archives into
directories as in the channel, like `linux-64/NAME-1.0-0.conda`.""",
    ),
    "categories": attr.string_list(
        doc = "The categories of a `conda-lock.yml` to install.",
        default = ["main"],
    ),
    "environment": attr.string(
        doc = "The environment of a `pixi.lock` to install.",
        default = "default",
    ),
    "exclude": attr.string_list(
        doc = "Names of packages to leave out. Also permits entries that are not archives, like packages from source.",
    ),
    "lock": attr.label(
        doc = """The lock file: a `pixi.lock` of version 4 to 7, a `conda-lock.yml`, or an explicit file with SHA-256
(`conda list --explicit --sha256`).""",
        mandatory = True,
    ),
    "mirrors": attr.string_list_dict(
        doc = """URLs of channels -> URLs of mirrors with the same files, which are tried first. Bazel's `--downloader_config`
redirects all downloads instead.""",
    ),
    "platforms": attr.string_list(
        doc = "Platforms to install for, as in the lock file, like `linux-64`. Defaults to all for Linux.",
    ),
    "pypi": attr.string(
        doc = "What to do about packages from PyPI: `error`, or `ignore` to leave them out.",
        default = "error",
        values = ["error", "ignore"],
    ),
}

_REPOSITORY = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._"

def read_lock_of(ctx, tag):
    """Reads the lock file of a tag, or of a repository rule's attributes. Fails if it cannot be used.

    Args:
      ctx: module_ctx or repository_ctx.
      tag: A struct with LOCK_ATTRS.

    Returns:
      dict from platform to a struct; see read_conda_lock.
    """
    path = ctx.path(tag.lock)
    ctx.watch(path)
    if not path.exists:
        fail("%s: lock file not found" % tag.lock)
    platforms, problem = read_conda_lock(ctx.read(path), lock_request(
        categories = tag.categories,
        environment = tag.environment,
        exclude = tag.exclude,
        platforms = tag.platforms,
        pypi = tag.pypi,
    ))
    if problem:
        fail("%s: %s" % (tag.lock, problem))
    return platforms

def archive_name(package):
    """Returns the name of the repository of a package's archive."""
    file = package.url.rpartition("/")[2].removesuffix(".conda").removesuffix(".tar.bz2")
    stem = "".join([char if char in _REPOSITORY else "_" for char in file.elems()])
    return "conda_%s_%s" % (stem, package.sha256[:12])

def add_archives(archives, platforms, mirrors, files = []):
    """Adds the archives of a lock file. Each becomes one repository, however many environments have it.

    Args:
      archives: dict from the names of repositories to their attributes.
      platforms: What read_lock_of returned.
      mirrors: dict from the URLs of channels to lists of URLs of mirrors.
      files: list of the labels of archives in the source tree.
    """
    local = {}
    for file in files:
        for name in _ends(file.package + "/" + file.name):
            local.setdefault(name, str(file))
    for platform in platforms.values():
        for package in platform.packages:
            in_channel, file_name = _ends(package.url)
            archive = archives.setdefault(archive_name(package), {
                "file": None,
                "noarch": package.noarch,
                "package": package.name,
                "sha256": package.sha256,
                "url": package.url,
                "urls": [],
            })
            if archive["sha256"] != package.sha256 or archive["package"] != package.name:
                fail("%s and %s need repositories with the same name" % (archive["url"], package.url))
            archive["file"] = archive["file"] or local.get(in_channel) or local.get(file_name)
            archive["urls"] += [url for url in _mirrored(package.url, mirrors) if url not in archive["urls"]]

def _ends(path):
    """Returns the last two parts of a path, the directory and the name of the file, and the name alone."""
    parts = path.split("/")
    return "/".join(parts[-2:]), parts[-1]

def _mirrored(url, mirrors):
    found = []
    for channel, replacements in mirrors.items():
        channel = channel.rstrip("/") + "/"
        if url.startswith(channel):
            found += [replacement.rstrip("/") + "/" + url.removeprefix(channel) for replacement in replacements]
    return found + [url]

def python_label(pythons, python, subdir):
    """Returns the label by which noarch packages refer to an environment's Python.

    It is part of the configuration of these packages, so of the paths of their layers. It does not change with an update of
    Python that keeps the minor version, unless environments have different Pythons of that version.

    Args:
      pythons: struct of repository, the name of a conda_pythons_repository, and targets, a dict for its attribute, to which
        this adds the Python.
      python: The package.
      subdir: Conda's name of the platform.

    Returns:
      The label.
    """
    version = ".".join(python.url.rsplit("-", 2)[1].split(".")[:2])
    for number in range(len(pythons.targets) + 1):
        target = "%s_%s%s" % (version, subdir, "_%d" % number if number else "")
        if pythons.targets.setdefault(target, archive_name(python)) == archive_name(python):
            return "@%s//:%s" % (pythons.repository, target)
    return None  # not reached: there are fewer targets than numbers

def environment_attrs(platforms, pythons):
    """Returns the attribute `platforms` of an environment's repository.

    Args:
      platforms: What read_lock_of returned.
      pythons: As in python_label.

    Returns:
      dict from platform to the attributes of conda_environment, as JSON.
    """
    return {
        platform: json.encode({
            "noarch_packages": [_label(package) for package in one.packages if package.noarch],
            "order": [package.name for package in one.packages],
            "packages": [_label(package) for package in one.packages if not package.noarch],
            "python": ([
                python_label(pythons, package, one.subdir)
                for package in one.packages
                if package.name == "python"
            ] or [None])[0],
            "sizes": {package.name: str(package.size) for package in one.packages if package.size},
            "subdir": one.subdir,
        })
        for platform, one in platforms.items()
    }

def _label(package):
    return "@%s//:package" % archive_name(package)
