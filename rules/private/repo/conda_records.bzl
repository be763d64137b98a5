"""The packages of a Conda environment, as the readers of lock files return them. Pure functions; this file loads nothing."""

visibility(["//rules/..."])

# Conda's names of the platforms that images can have -> names in image-spec.
LINUX = {
    "linux-32": "linux/386",
    "linux-64": "linux/amd64",
    "linux-aarch64": "linux/arm64",
    "linux-armv6l": "linux/arm/v6",
    "linux-armv7l": "linux/arm/v7",
    "linux-ppc64le": "linux/ppc64le",
    "linux-riscv64": "linux/riscv64",
    "linux-s390x": "linux/s390x",
}

NOARCH = "noarch"

_EXTENSIONS = [".conda", ".tar.bz2"]

_HEX = "0123456789abcdef"

_NAME = "abcdefghijklmnopqrstuvwxyz0123456789-_."

# Of a URL: RFC 3986 without "?" and "#", because the path must end with the file name, and without "$", which an environment
# variable would begin with.
_URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/[]@!&()*+,;=%"

_MD5_ONLY = """it has an md5 and no sha256, which a download must have
hint: lock again with a current version of the tool; conda list --explicit --sha256 writes explicit files with it"""

_NOT_AN_ARCHIVE = """%s is not the URL of a package, .../SUBDIR/NAME-VERSION-BUILD.conda or .tar.bz2
hint: packages from source, from git or in a local folder have no fixed bytes; publish the package in a channel, or list its \
name in exclude"""

def name_of(url):
    """Returns the name in the URL of a package.

    Args:
      url: The URL, without a fragment.

    Returns:
      The name, or None if the URL is not that of a package.
    """
    stem = url.rpartition("/")[2]
    for extension in _EXTENSIONS:
        if stem.endswith(extension):
            parts = stem.removesuffix(extension).rsplit("-", 2)
            return parts[0] if len(parts) == 3 and all(parts) else None
    return None

def package_of(url, hashes, subdir, size = None, depends = []):
    """Checks a package of a lock file.

    Args:
      url: The URL of the archive.
      hashes: dict that has the key sha256, or md5 alone.
      subdir: Conda's name of the platform that the package is for.
      size: The size of the archive as a string, or None.
      depends: list of match specs, or names of packages.

    Returns:
      A struct of name, depends (list of names), noarch, sha256, size (0 if unknown) and url, and None. Or None and an error
      message.
    """
    name = name_of(url)
    scheme, separator, path = url.partition("://")
    if "$" in url:
        return None, "%s: the URL contains a variable; lock without it, and use netrc or Bazel's --credential_helper" % url
    if not name or not separator or scheme not in ["file", "http", "https"] or path.count("/") < 2 or _has_others(url, _URL):
        return None, _NOT_AN_ARCHIVE % url
    if _has_others(name, _NAME):
        return None, "%s: %r is not the name of a package" % (url, name)
    problem = None
    sha256 = (hashes.get("sha256") or "").lower()
    own = url.rsplit("/", 2)[1]
    if not sha256:
        problem = _MD5_ONLY if hashes.get("md5") else "it has no sha256; lock again with a current version of the tool"
    elif len(sha256) != 64 or _has_others(sha256, _HEX):
        problem = "sha256 %r: expected 64 hexadecimal digits" % sha256
    elif own not in [subdir, NOARCH]:
        problem = "it is for %s, and the environment for %s" % (own, subdir)
    elif size != None and (not size.isdigit() or len(size) > 15):
        problem = "size %r: expected a number" % size
    if problem:
        return None, "package %s: %s" % (url.rpartition("/")[2], problem)
    return struct(
        depends = [_dependency(spec) for spec in depends],
        name = name,
        noarch = own == NOARCH,
        sha256 = sha256,
        size = int(size or "0"),
        url = url,
    ), None

def _has_others(text, permitted):
    return bool(text.strip(permitted)) and any([char not in permitted for char in text.elems()])

def _dependency(spec):
    """Returns the name in a match spec, like "conda-forge::numpy >=1.20" or "numpy[version='>=1']"."""
    name = spec.rpartition("::")[2].strip(" ")
    for character in " <>=!~[;,".elems():
        name = name.partition(character)[0]
    return name.lower()

def choose_platforms(wanted, available):
    """Chooses the platforms of an environment.

    Args:
      wanted: list of names, or an empty list for all platforms that images can have.
      available: dict from the platforms of the lock file to Conda's names of them.

    Returns:
      list of names, and None. Or None and an error message.
    """
    names = ", ".join(available) or "none"
    if not wanted:
        found = [name for name, subdir in available.items() if subdir in LINUX]
        return found, (None if found else "no platform that an image can have, only: %s" % names)
    for name in wanted:
        if name not in available:
            return None, "platforms: %s is not in the file, only: %s" % (name, names)
        if available[name] not in LINUX:
            return None, "platforms: %s: images are for Linux" % name
    return wanted, None

def unique_packages(packages):
    """Removes repetitions.

    Args:
      packages: list of packages.

    Returns:
      list of packages with different names, and None. Or None and an error message if a name has two archives.
    """
    found = {}
    for package in packages:
        first = found.setdefault(package.name, package)
        if first.sha256 != package.sha256:
            return None, "package %s: both %s and %s" % (package.name, first.url, package.url)
    return found.values(), None

def dependencies_first(packages):
    """Sorts packages so that each comes after its dependencies. Independent packages are in the order of their names.

    Args:
      packages: list of packages with different names.

    Returns:
      list of packages.
    """
    by_name = {package.name: package for package in packages}
    waiting = {
        name: {other: None for other in by_name[name].depends if other in by_name and other != name}
        for name in sorted(by_name)
    }
    dependents = {}
    for name, others in waiting.items():
        for other in others:
            dependents.setdefault(other, []).append(name)
    done = []
    for _ in range(len(by_name)):
        ready = [name for name, others in waiting.items() if not others]
        name = ready[0] if ready else _on_cycle(waiting)
        waiting.pop(name)
        for dependent in dependents.get(name, []):
            if dependent in waiting:
                waiting[dependent].pop(name)
        done.append(by_name[name])
    return done

def _on_cycle(waiting):
    """Returns a package that depends on itself through others, when all packages wait for others."""
    name = waiting.keys()[0]
    for _ in range(len(waiting)):
        name = waiting[name].keys()[0]
    return name
