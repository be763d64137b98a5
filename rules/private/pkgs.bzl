"""From a target of rules_pkg to a layer's entries. What its providers hold is rules_pkg's reference, "Mapping Attributes"."""

load(
    "@rules_strata_pkg_providers//:providers.bzl",
    "PackageDirsInfo",
    "PackageFilegroupInfo",
    "PackageFilesInfo",
    "PackageSymlinkInfo",
)
load(":paths.bzl", "escape", "glob_escape", "join")

visibility(["//rules/..."])

_NO_PACKAGE = """{label}: attribute pkgs: {target} has no provider of rules_pkg.
pkgs is for pkg_files, pkg_mkdirs, pkg_mklink and pkg_filegroup. If it is one of those, MODULE.bazel has to say so:
    strata_pkg = use_extension("@rules_strata//rules:pkg.bzl", "rules_pkg")
    strata_pkg.providers(file = "@rules_pkg//pkg:providers.bzl")"""

def add_pkg(args, package_dir, target, label):
    """Adds the entries for one target of rules_pkg, with their modes and owners.

    Args:
      args: Args to add flags to.
      package_dir: The directory in the image that the package's root is.
      target: The Target.
      label: Label of the layer, for messages.

    Returns:
      depset of the Files that the flags name.
    """
    group = _group(target)
    if not group:
        fail(_NO_PACKAGE.format(label = label, target = target.label))
    entries = [
        _entry(package_dir, dest, info.attributes, file)
        for info in group.files
        for dest, file in info.dest_src_map.items()
    ] + [
        _entry(package_dir, dir, info.attributes, None)
        for info in group.dirs
        for dir in info.dirs
    ]
    links = [(_entry(package_dir, info.destination, info.attributes, None), info.target) for info in group.symlinks]
    args.add_all(entries, map_each = _flags)
    args.add_all([flag for link, target in links for flag in _link_flags(link, target)])
    return depset([entry.file for entry in entries if entry.file])

def _group(target):
    """Returns the lists of providers that a target stands for, or None."""
    if PackageFilegroupInfo in target:
        group = target[PackageFilegroupInfo]
        return struct(
            dirs = _first(getattr(group, "pkg_dirs", None)),
            files = _first(getattr(group, "pkg_files", None)),
            symlinks = _first(getattr(group, "pkg_symlinks", None)),
        )
    found = struct(
        dirs = [target[PackageDirsInfo]] if PackageDirsInfo in target else [],
        files = [target[PackageFilesInfo]] if PackageFilesInfo in target else [],
        symlinks = [target[PackageSymlinkInfo]] if PackageSymlinkInfo in target else [],
    )
    return found if found.dirs or found.files or found.symlinks else None

def _first(pairs):
    """Returns the providers of a list of them with where each came from."""
    return [info for info, _ in pairs or []]

def _entry(package_dir, dest, attributes, file):
    return struct(
        file = file,  # None for a directory
        group = attributes.get("group") or "",
        mode = attributes.get("mode"),
        owner = [attributes.get("uid"), attributes.get("gid")],
        path = join(package_dir, dest.strip("/")),
        user = attributes.get("user") or "",
    )

def _flags(entry):
    if not entry.file:
        return ["--dir=" + entry.path] + _metadata(entry, entry.path)
    if entry.file.is_directory:
        return ["--tree=%s=%s" % (escape(entry.path), entry.file.path)] + _metadata(entry, entry.path, "/**")
    return ["--file=%s=%s" % (escape(entry.path), entry.file.path)] + _metadata(entry, entry.path)

def _link_flags(entry, target):
    # A symlink has no mode.
    return ["--symlink=%s=%s" % (escape(entry.path), target)] + _owner(entry, escape(glob_escape(entry.path)))

def _metadata(entry, path, below = ""):
    """Returns the flags for modes and owners; below is "/**" for all that is in a directory."""
    pattern = escape(glob_escape(path.rstrip("/")) + below)
    mode = ["--mode=%s=%s" % (pattern, entry.mode)] if entry.mode else []
    return mode + _owner(entry, pattern)

def _owner(entry, pattern):
    flags = []
    if entry.owner != [None, None]:
        flags.append("--owner=%s=%s:%s" % (pattern, entry.owner[0] or 0, entry.owner[1] or 0))
    if entry.user or entry.group:
        flags.append("--owner-name=%s=%s:%s" % (pattern, entry.user, entry.group))
    return flags
