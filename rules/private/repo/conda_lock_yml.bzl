"""Reads conda-lock.yml."""

load(":conda_records.bzl", "choose_platforms", "package_of")

visibility(["//rules/..."])

_PIP = """packages of pip are not supported: %s
hint: take them from a Conda channel, or set pypi = "ignore" and add them to the image with another layer"""

def read_conda_lock_yml(root, request):
    """Reads a conda-lock.yml.

    Args:
      root: The parsed file.
      request: What to read; see read_conda_lock.

    Returns:
      dict from platform to a struct of packages (list, see package_of) and subdir, and None. Or None and an error message.
    """
    if (root.get("version") or "1") != "1":
        return None, "version %s of conda-lock.yml is not supported, only 1" % root["version"]
    entries = [entry for entry in root["package"] or [] if entry]
    available = {entry["platform"]: entry["platform"] for entry in entries}
    platforms, problem = choose_platforms(request.platforms, available)
    if problem:
        return None, problem
    categories = {_category(entry): None for entry in entries}
    for category in request.categories:
        if category not in categories:
            return None, "category %r not found, only: %s" % (category, ", ".join(categories))
    found = {}
    for platform in platforms:
        packages, problem = _packages([entry for entry in entries if entry["platform"] == platform], platform, request)
        if problem:
            return None, "platform %s: %s" % (platform, problem)
        found[platform] = struct(packages = packages, subdir = platform)
    return found, None

def _packages(entries, platform, request):
    packages, pip = [], []
    for entry in entries:
        if _category(entry) not in request.categories or entry["name"] in request.exclude:
            continue
        if entry["manager"] != "conda":
            pip.append(entry["name"])
            continue
        depends = (entry.get("dependencies") or {}).keys()
        package, problem = package_of(entry["url"], entry.get("hash") or {}, platform, None, depends)
        if problem:
            return None, problem
        packages.append(package)
    if pip and request.pypi != "ignore":
        return None, _PIP % ", ".join(pip)
    return packages, None

def _category(entry):
    return entry.get("category") or "main"
