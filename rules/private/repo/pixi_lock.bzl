"""Reads pixi.lock, versions 4 to 7."""

load(":conda_records.bzl", "choose_platforms", "name_of", "package_of")

visibility(["//rules/..."])

_VERSIONS = ["4", "5", "6", "7"]

_PYPI = """packages from PyPI are not supported: %s
hint: take them from a Conda channel, or set pypi = "ignore" and add them to the image with another layer"""

def read_pixi_lock(root, request):
    """Reads a pixi.lock.

    Args:
      root: The parsed file.
      request: What to read; see read_conda_lock.

    Returns:
      dict from platform to a struct of packages (list, see package_of) and subdir, and None. Or None and an error message.
    """
    if root["version"] not in _VERSIONS:
        return None, "version %s of pixi.lock is not supported, only %s" % (root["version"], ", ".join(_VERSIONS))
    environments = root["environments"] or {}
    if request.environment not in environments:
        return None, "environment %r not found, only: %s" % (request.environment, ", ".join(environments))
    entries, problem = _entries(root)
    if problem:
        return None, problem
    listed = (environments[request.environment] or {}).get("packages") or {}
    subdirs = {
        platform["name"]: platform.get("subdir") or platform["name"]
        for platform in root.get("platforms") or []
        if platform
    }
    available = {name: subdirs.get(name, name) for name in listed}
    platforms, problem = choose_platforms(request.platforms, available)
    if problem:
        return None, problem
    found = {}
    for platform in platforms:
        packages, problem = _packages(listed[platform], entries, available[platform], request)
        if problem:
            return None, "environment %s, platform %s: %s" % (request.environment, platform, problem)
        found[platform] = struct(packages = packages, subdir = available[platform])
    return found, None

def _entries(root):
    """Returns the entries for Conda packages, by URL, and an error message."""
    entries = {}
    for entry in root.get("packages") or []:
        entry = entry or {}

        # Version 5 and earlier name the kind and the URL, later ones have the kind as a key.
        url = entry.get("url") if entry.get("kind") == "conda" else entry.get("conda")
        if not url:
            continue
        first = entries.setdefault(url, entry)
        if first.get("sha256") != entry.get("sha256"):
            return None, "%s has two different hashes" % url
    return entries, None

def _packages(listed, entries, subdir, request):
    packages, pypi = [], []
    for item in listed or []:
        item = item or {}
        if item.get("pypi"):
            pypi.append(item["pypi"].rpartition("/")[2] or item["pypi"])
            continue
        url = item.get("conda") or _first_text(item)
        entry = entries.get(url, {})

        # Version 7 has source packages as "NAME[HASH] @ PATH".
        if (name_of(url) or entry.get("name") or item.get("name") or url.partition("[")[0]) in request.exclude:
            continue
        package, problem = package_of(url, entry, subdir, entry.get("size"), entry.get("depends") or [])
        if problem:
            return None, problem
        packages.append(package)
    if pypi and request.pypi != "ignore":
        return None, _PYPI % ", ".join(pypi)
    return packages, None

def _first_text(item):
    texts = [value for value in item.values() if type(value) == "string"]
    return texts[0] if texts else ""
