"""image_layer: makes one layer out of files."""

load(":actions.bzl", "add_annotations", "new_args")
load(":declared.bzl", "add_links", "declared_links", "links_of")
load(":entries.bzl", "add_target", "plan_target")
load(":metadata.bzl", "METADATA_ATTRS", "add_metadata")
load(":packing.bzl", "PACKING_ATTRS", "pack")
load(":paths.bzl", "escape")
load(":pkgs.bzl", "add_pkg")
load(":programs.bzl", "own_names", "programs_of")
load(":providers.bzl", "ImageInfo", "LayerInfo", "shapes_of")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

_UNUSED = """{label}: attribute {attribute}: there is nothing that it applies to.
It is for {what}."""

_LEADS_OUT = """{label}: attribute strip_prefix: {prefix} has ".." in it.
It is a directory of what is given, not one beside that."""

_LEFT_BEHIND = """{label}: attribute files: {target} needs {files} at run time, which it does not bring along.
Only a program has a place for such files. Name them in files, too; or name the programs that need them one by one; or
set leave_out_data = True if nothing in the image looks for them."""

_NO_SHAPE = """{label}: attribute over: nobody knows which directories {base} has.
It is for images that the build makes, and those of image_import and of lock files. If it is an image of a lock file:
bazel run @rules_strata//rules:lock -- update adds what is missing there, if the image was not added with --no-shape."""

_RELATIVE_PATH = """{label}: attribute {attribute}: {path} is not an absolute path.
Paths in an image start with a slash: "/{path}"."""

def _check_paths(label, attribute, paths):
    """Refuses paths that do not start with a slash. All other rules of paths are the tool's, which sees every entry."""
    for path in paths:
        if not path.startswith("/"):
            fail(_RELATIVE_PATH.format(label = label, attribute = attribute, path = path))

def _check_left_behind(label, plans, inputs):
    """Refuses to lose what a target that is no program needs at run time, unless the layer has it from elsewhere."""
    plans = [plan for plan in plans if plan.left_behind]
    if not plans:
        return
    there = {file: None for file in depset(transitive = inputs).to_list()}
    for plan in plans:
        lost = [file.short_path for file in plan.left_behind if file not in there]
        if lost:
            files = ", ".join(lost[:3]) + (" and %d more files" % (len(lost) - 3) if len(lost) > 3 else "")
            fail(_LEFT_BEHIND.format(files = files, label = label, target = plan.target.label))

def _add_over(args, label, base):
    """Adds what the layer is put over, and returns its files."""
    shapes = shapes_of(base[ImageInfo])
    if not shapes:
        fail(_NO_SHAPE.format(base = base.label, label = label))
    args.add_all(shapes, format_each = "--over=%s")
    return depset(shapes)

def _check_moves(label, attr):
    if attr.package_dir:
        _check_paths(label, "package_dir", [attr.package_dir])
        if not attr.files and not attr.pkgs and not attr.tars:
            fail(_UNUSED.format(label = label, attribute = "package_dir", what = "files, pkgs and tars"))
    if ".." in attr.strip_prefix.split("/"):
        fail(_LEADS_OUT.format(label = label, prefix = attr.strip_prefix))
    if attr.strip_prefix and not attr.tars and not [path for path in attr.files if path.endswith("/")]:
        what = "tars, and for paths in files that end in a slash"
        fail(_UNUSED.format(label = label, attribute = "strip_prefix", what = what))

def _impl(ctx):
    attr = ctx.attr
    for attribute in ["files", "symlinks", "dirs", "empty_files", "remove", "opaque"]:
        _check_paths(ctx.label, attribute, getattr(attr, attribute))

    _check_moves(ctx.label, attr)

    args = new_args(ctx)
    plans = [
        plan_target(ctx.label, attr.package_dir.rstrip("/") + path, target, attr.strip_prefix)
        for path, target in attr.files.items()
    ]
    names = own_names(plans, attr.symlinks)
    inputs = [add_target(ctx, args, plan, names) for plan in plans]
    if not attr.leave_out_data:
        _check_left_behind(ctx.label, plans, inputs)
    for target in attr.pkgs:
        inputs.append(add_pkg(args, attr.package_dir, target, ctx.label))
    add_links(args, links_of(attr.files.values() + attr.pkgs), depset(transitive = inputs))
    for path, target in attr.symlinks.items():
        args.add("--symlink=%s=%s" % (escape(path), target))
    for target in attr.tars:
        args.add_all(target[DefaultInfo].files, format_each = "--tar=%s", expand_directories = False)
        inputs.append(target[DefaultInfo].files)
    if attr.tars and attr.strip_prefix:
        args.add(attr.strip_prefix, format = "--strip-prefix=%s")
    if attr.tars and attr.package_dir:
        args.add(attr.package_dir, format = "--package-dir=%s")
    for target in attr.debs:
        args.add_all(target[DefaultInfo].files, format_each = "--deb=%s", expand_directories = False)
        inputs.append(target[DefaultInfo].files)
    args.add_all(attr.dirs, format_each = "--dir=%s")
    args.add_all(attr.empty_files, format_each = "--empty-file=%s")
    args.add_all(attr.remove, format_each = "--remove=%s")
    args.add_all(attr.opaque, format_each = "--opaque=%s")
    if attr.over:
        inputs.append(_add_over(args, ctx.label, attr.over))
    if attr.hardlinks:
        args.add("--hardlinks")
    if attr.duplicates != "error":
        args.add(attr.duplicates, format = "--duplicates=%s")
    add_metadata(args, attr)
    add_annotations(args, attr.annotations)
    if attr.media_type:
        args.add(attr.media_type, format = "--media-type=%s")
    layer = pack(ctx, ctx.label.name, args, depset(transitive = inputs), may_be_kept = len(attr.tars) == 1)
    return [
        layer,
        DefaultInfo(files = depset([layer.blob])),
        OutputGroupInfo(descriptor = depset([layer.descriptor])),
    ]

image_layer = rule(
    doc = """Makes one layer: files, directories and symlinks at their places in the image, packed and ready for a registry.

The same content gives the same bytes on every machine. Entries belong to root and date from 1970-01-01 unless the
attributes say otherwise. A file's mode follows from what it is: 0755 for an executable target, an ELF, Mach-O or PE program
and a script that starts with `#!`, 0644 for all else; the disk's mode bits play no part. Two different inputs for one path
are an error.""",
    implementation = _impl,
    attrs = METADATA_ATTRS | PACKING_ATTRS | {
        "annotations": attr.string_dict(
            doc = "Annotations of the layer's descriptor in the manifest.",
        ),
        "debs": attr.label_list(
            doc = """Debian packages to unpack. Each leaves its entry in `/var/lib/dpkg/status.d`, where scanners look for it.
Its maintainer scripts are named there and do not run. Files go through symlinks of the layer: with `symlinks = {"/lib":
"usr/lib"}`, those of `/lib` go to `/usr/lib`.""",
            allow_files = True,
        ),
        "dirs": attr.string_list(
            doc = "Directories to make, empty ones for instance. The parents of all entries are made without being listed.",
        ),
        "duplicates": attr.string(
            doc = """What to do if several inputs have one path: `error`; `first` takes the first one, `last` the last one, in
the order `files`, `pkgs`, `symlinks`, `tars`, `debs`, `dirs`, `empty_files`, `remove`, `opaque`, and in the order of the lists
within. Inputs that say the same are no duplicates. Directories from several inputs are one directory.""",
            default = "error",
            values = ["error", "first", "last"],
        ),
        "empty_files": attr.string_list(
            doc = "Empty files to make.",
        ),
        "files": attr.string_keyed_label_dict(
            doc = """What goes where: a path in the image -> a label.

A path that ends in `/` is a directory to put the label's files in, each at its path below the label's package, or
what `strip_prefix` leaves of that. Any other path is the place of the one file or directory that the label stands for.

An executable brings its runfiles to `PATH.runfiles`, where its launcher looks for them, and its other outputs to its
directory, and so does each program of a filegroup; docs/runfiles.md.""",
            allow_files = True,
            aspects = [declared_links, programs_of],
        ),
        "hardlinks": attr.bool(
            doc = """Store files with the same content and metadata once, under several names. A program in the container
that writes to one of them then writes to all: off by default.""",
        ),
        "leave_out_data": attr.bool(
            doc = """Whether files that a label in `files` needs at run time, and that are neither its own files nor the
runfiles of a program, are left out: the `data` of a filegroup or of a library. Unless set that is an error.""",
        ),
        "media_type": attr.string(
            doc = """The layer's media type in the manifest, if it is not to be the usual one: one of image-spec's for a
layer that is packed so. `application/vnd.oci.image.layer.nondistributable.v1.tar+gzip` for instance marks what may not
be pushed to a public registry.""",
        ),
        "opaque": attr.string_list(
            doc = """Directories whose contents in the layers below are hidden: only what this layer and later ones put
there remains.""",
        ),
        "over": attr.label(
            doc = """The image that the layer is for: its base, say. Entries go through its symlinks, so that with `/lib ->
usr/lib` there `/lib/x` becomes `/usr/lib/x`, and directories that are only implied are as they are there.""",
            providers = [ImageInfo],
        ),
        "package_dir": attr.string(
            doc = """The directory in the image that the contents of `files`, `pkgs` and `tars` go to: their root. All other
attributes have paths in the image.""",
        ),
        "pkgs": attr.label_list(
            doc = """Targets of rules_pkg: `pkg_files`, `pkg_mkdirs`, `pkg_mklink` and `pkg_filegroup`. Places, modes and
owners are what they say, unless an attribute here names them. It takes two lines in MODULE.bazel; docs/layers.md.""",
            aspects = [declared_links],
        ),
        "remove": attr.string_list(
            doc = "Paths to delete: files or whole directories that layers below have, a base image for instance.",
        ),
        "strip_prefix": attr.string(
            doc = """A directory whose contents are taken without it. It is a path, not a pattern, and not the beginning
of a name.

In `tars`: a directory of each archive; what is not below it is left out. In `files`, for what goes into a directory
(`PATH/`): a directory below the label's package, or below its repository's root if it starts with a slash; what is not
below it is an error. It may be a directory that an action makes, or one in that.""",
        ),
        "symlinks": attr.string_dict(
            doc = "Symlinks to make: a path in the image -> what the link says, kept as it is.",
        ),
        "tars": attr.label_list(
            doc = """Tar archives to merge, plain or packed with gzip, bzip2, xz or zstd, known by their content. Modes,
owners, times, hard links, extended attributes, devices and named pipes stay what they are in the archive, unless an
attribute names them. A single archive with nothing that changes it becomes the layer as it is, byte for byte.""",
            allow_files = True,
        ),
    },
    provides = [LayerInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
