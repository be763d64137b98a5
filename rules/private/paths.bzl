"""Paths: inside images, on command lines and in runfiles. Pure functions of strings; this file loads nothing."""

visibility(["//rules/..."])

def escape(path):
    """Escapes a path for the KEY of a KEY=VALUE flag (Go: cli.SplitPair), so that it may hold any character."""
    return path.replace("\\", "\\\\").replace("=", "\\=").replace("\n", "\\n")

def join(directory, name):
    """Returns the image path of name below directory, which may end with a slash."""
    return directory.rstrip("/") + "/" + name

def package_relative(file):
    """Cuts the package off a File's path.

    Args:
      file: The File.

    Returns:
      The File's path below the package that declares it.
    """
    path = file.short_path
    if path.startswith("../"):
        path = path.split("/", 2)[2]
    package = file.owner.package
    if package and path.startswith(package + "/"):
        path = path[len(package) + 1:]
    return path

def empty_rlocation(name, workspace):
    """Returns the path below the runfiles directory of one of the names in `runfiles.empty_filenames`.

    There a file of an external repository is `external/REPOSITORY/...`, where a File has `../REPOSITORY/...`.

    Args:
      name: The name.
      workspace: Name of the main repository's runfiles.

    Returns:
      The path.
    """
    return rlocation("../" + name[len("external/"):] if name.startswith("external/") else name, workspace)

def rlocation(short_path, workspace):
    """Returns a File's path below the runfiles directory, from its short_path and the main repository's name."""
    if short_path.startswith("../"):
        return short_path[len("../"):]
    return workspace + "/" + short_path
