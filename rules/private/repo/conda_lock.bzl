"""Reads the lock files of Conda environments, of any supported format."""

load(":conda_lock_yml.bzl", "read_conda_lock_yml")
load(":conda_records.bzl", "dependencies_first", "unique_packages")
load(":explicit_lock.bzl", "EXPLICIT", "read_explicit")
load(":pixi_lock.bzl", "read_pixi_lock")
load(":schema.bzl", "CONDA_LOCK_YML", "PIXI_LOCK", "schema_problem")
load(":yaml.bzl", "parse_yaml")

visibility(["//rules/..."])

_UNKNOWN = "neither a pixi.lock, nor a conda-lock.yml, nor an explicit file (@EXPLICIT)"

def lock_request(environment = "default", categories = ["main"], platforms = [], pypi = "error", exclude = []):
    """Returns what to read from a lock file.

    Args:
      environment: The environment of a pixi.lock.
      categories: The categories of a conda-lock.yml.
      platforms: list of platforms, empty for all that images can have.
      pypi: "ignore" to leave out packages from PyPI; otherwise they are an error.
      exclude: list of the names of packages to leave out.

    Returns:
      struct.
    """
    return struct(categories = categories, environment = environment, exclude = exclude, platforms = platforms, pypi = pypi)

def read_conda_lock(text, request):
    """Reads a lock file.

    Args:
      text: The contents of the file.
      request: What to read, from lock_request.

    Returns:
      dict from platform to a struct of subdir (Conda's name of the platform) and packages (list, see package_of, dependencies
      first; for an explicit file, in the order of the file), and None. Or None and an error message.
    """
    is_explicit = EXPLICIT in [line.strip(" \r") for line in text.split("\n")]
    found, problem = read_explicit(text, request) if is_explicit else _read_yaml(text, request)
    if problem:
        return None, problem
    platforms = {}
    for platform, one in found.items():
        packages, problem = unique_packages(one.packages)
        if not problem and not packages:
            problem = "no packages"
        if problem:
            return None, "platform %s: %s" % (platform, problem)
        platforms[platform] = struct(
            packages = packages if is_explicit else dependencies_first(packages),
            subdir = one.subdir,
        )
    return platforms, None

def _read_yaml(text, request):
    root, problem = parse_yaml(text)
    if problem:
        return None, problem
    for key, schema, read in [
        ("environments", PIXI_LOCK, read_pixi_lock),
        ("package", CONDA_LOCK_YML, read_conda_lock_yml),
    ]:
        if key in root:
            problem = schema_problem(root, schema)
            return (None, problem) if problem else read(root, request)
    return None, _UNKNOWN
