"""Converts rules_pkg targets to entries of a layer. See "Mapping Attributes" in the rules_pkg reference for the providers."""

load(
    "@rules_strata_pkg_providers//:providers.bzl",
    "PackageDirsInfo",
    "PackageFilegroupInfo",
    "PackageFilesInfo",
    "PackageSymlinkInfo",
)
load(":paths.bzl", "escape", "join")

visibility(["//rules/..."])

_NO_PACKAGE = """{label}: attribute pkgs: {target} has no provider of rules_pkg.
pkgs is for pkg_files, pkg_mkdirs, pkg_mklink and pkg_filegroup. If it is one of those, add to MODULE.bazel:
    strata_pkg = use_extension("@rules_strata//rules:pkg.bzl", "rules_pkg")
    strata_pkg.providers(file = "@rules_pkg//pkg:providers.bzl")"""

def add_pkg(args, package_dir, target, label):
    """Adds the entries for a rules_pkg target, with their modes and owners.

    Args:
      args: Args to add flags to.
      package_dir: The directory in the image for the root of the package.
      target: The Target.
      label: Label of the layer, for messages.

    Returns:
      depset of the Files that the flags refer to.
    """
    group = _group(target)
    if not group:
        fail(_NO_PACKAGE.format(label = label, target = target.label))
    entries = [
        _entry(package_dir, dest, info.attributes, file = file)
        for info in group.files
        for dest, file in info.dest_src_map.items()
    ] + [
        _entry(package_dir, dir, info.attributes)
        for info in group.dirs
        for dir in info.dirs
    ] + [
        _entry(package_dir, info.destination, info.attributes, target = info.target)
        for info in group.symlinks
    ]
    args.add_all(entries, map_each = _flags)
    args.add("--as=")
    return depset([entry.file for entry in entries if entry.file])

def _group(target):
    """Returns the providers of a target as a struct of lists, or None."""
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
    """Returns the providers from a list of pairs of provider and label."""
    return [info for info, _ in pairs or []]

def _entry(package_dir, dest, attributes, file = None, target = None):
    """Returns an entry: an existing file or directory, a symlink to target, or, without either, a new directory."""
    return struct(
        file = file,
        metadata = ":".join([str(attributes.get(name) or "") for name in ["mode", "uid", "gid", "user", "group"]]),
        path = join(package_dir, dest.strip("/")),
        target = target,
    )

def _flags(entry):
    if entry.target != None:
        flag = "--symlink=%s=%s" % (escape(entry.path), entry.target)
    elif not entry.file:
        flag = "--dir=" + entry.path
    else:
        kind = "tree" if entry.file.is_directory else "file"
        flag = "--%s=%s=%s" % (kind, escape(entry.path), entry.file.path)
    return ["--as=" + entry.metadata, flag]
