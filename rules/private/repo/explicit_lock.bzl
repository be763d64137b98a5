"""Reads explicit files, which begin with @EXPLICIT: what conda list --explicit --sha256 writes, and other tools like it."""

load(":conda_records.bzl", "NOARCH", "choose_platforms", "name_of", "package_of")

visibility(["//rules/..."])

EXPLICIT = "@EXPLICIT"

_PLATFORM = "# platform:"

def read_explicit(text, request):
    """Reads an explicit file. It is for a single platform.

    Args:
      text: The contents of the file.
      request: What to read; see read_conda_lock.

    Returns:
      dict from platform to a struct of packages (list, see package_of) and subdir, and None. Or None and an error message.
    """
    lines = [line.strip(" \r") for line in text.split("\n")]
    urls = {
        index + 1: line
        for index, line in enumerate(lines)
        if line and not line.startswith("#") and line != EXPLICIT
    }
    stated = [line.removeprefix(_PLATFORM).strip(" ") for line in lines if line.startswith(_PLATFORM)]
    subdirs = {subdir: None for subdir in stated or [_subdir(url) for url in urls.values()] if subdir != NOARCH}
    if not subdirs:
        # Only noarch packages: they fit any platform.
        subdirs = {platform: None for platform in request.platforms}
    if len(subdirs) != 1:
        return None, "the file must be for one platform, and is for: %s" % (", ".join(subdirs) or "none")
    platforms, problem = choose_platforms(request.platforms, {subdir: subdir for subdir in subdirs})
    if problem:
        return None, problem
    packages = []
    for number, line in urls.items():
        package, problem = _package(line, platforms[0], request.exclude)
        if problem:
            return None, "line %d: %s" % (number, problem)
        if package:
            packages.append(package)
    return {platforms[0]: struct(packages = packages, subdir = platforms[0])}, None

def _subdir(line):
    return line.partition("#")[0].rsplit("/", 2)[1] if line.count("/") > 1 else line

def _package(line, subdir, exclude):
    """Returns the package of a line, or None for one that is excluded, and an error message."""
    url, _, value = line.partition("#")
    if name_of(url) in exclude:
        return None, None
    kind, colon, digits = value.partition(":")
    if not colon:
        kind, digits = ("sha256" if len(value) == 64 else "md5"), value
    return package_of(url, {kind: digits}, subdir)
