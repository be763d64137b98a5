"""Paths: inside images, on command lines and in runfiles. Pure functions of strings; this file loads nothing."""

visibility(["//rules/..."])

def escape(path):
    """Escapes a path for the KEY of a KEY=VALUE flag (Go: cli.SplitPair), so that it may hold any character."""
    return path.replace("\\", "\\\\").replace("=", "\\=").replace("\n", "\\n")

def literal(pattern):
    """Tells paths from globs (Go: tree.parsePattern).

    Args:
      pattern: The pattern.

    Returns:
      The path that the pattern stands for, or None if it is a glob.
    """
    path, escaped = "", False
    for character in pattern.elems():
        if escaped or character not in "\\*?[":
            path += character
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            return None
    return "/" + clean(path + "\\" if escaped else path)

def join(directory, name):
    """Returns the image path of name below directory, which may end with a slash."""
    return directory.rstrip("/") + "/" + name

def below(path, directory):
    """Returns the path as seen from a directory: "" is the directory itself, None is what is not in it."""
    if not directory or path == directory:
        return path if not directory else ""
    return path[len(directory) + 1:] if path.startswith(directory + "/") else None

def clean(path):
    """Returns a relative path without what has no meaning in it: slashes at its ends, "//" and "."."""
    return "/".join([segment for segment in path.split("/") if segment not in ["", "."]])

def repository_relative(file):
    """Returns a File's path below the root of its repository."""
    path = file.short_path
    return path.split("/", 2)[2] if path.startswith("../") else path

def package_relative(file):
    """Cuts the package off a File's path.

    Args:
      file: The File.

    Returns:
      The File's path below the package that declares it.
    """
    path = repository_relative(file)
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
