"""Paths in images, on command lines and in runfiles. Pure functions; this file loads nothing."""

visibility(["//rules/..."])

def escape(path):
    """Escapes a path for the KEY of a KEY=VALUE flag (Go: cli.SplitPair), so that it may contain any character."""
    return path.replace("\\", "\\\\").replace("=", "\\=") if "=" in path or "\\" in path else path

def literal(pattern):
    """Distinguishes paths from globs (Go: tree.parsePattern).

    Args:
      pattern: The pattern.

    Returns:
      The path that the pattern represents, or None if it is a glob.
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
    """Returns the image path of name in directory, which may end with a slash."""
    return directory.rstrip("/") + "/" + name

def below(path, directory):
    """Returns the path relative to a directory: "" for the directory itself, None for paths outside it."""
    if not directory or path == directory:
        return path if not directory else ""
    return path[len(directory) + 1:] if path.startswith(directory + "/") else None

def clean(path):
    """Returns a relative path without redundant parts: leading and trailing slashes, "//" and "."."""
    return "/".join([segment for segment in path.split("/") if segment not in ["", "."]])

def repository_relative(file):
    """Returns a File's path relative to the root of its repository."""
    path = file.short_path
    return path.split("/", 2)[2] if path.startswith("../") else path

def package_relative(file):
    """Returns a File's path relative to its package.

    Args:
      file: The File.

    Returns:
      The path relative to the package that declares the File.
    """
    path = repository_relative(file)
    package = file.owner.package
    if package and path.startswith(package + "/"):
        path = path[len(package) + 1:]
    return path

def empty_rlocation(name, workspace):
    """Returns the path below the runfiles directory of one of the names in `runfiles.empty_filenames`.

    Names in external repositories start with `external/REPOSITORY/`, unlike the short_path of a File, `../REPOSITORY/`.

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
