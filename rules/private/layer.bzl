"""image_layer: builds a layer from files."""

load(":actions.bzl", "add_annotations")
load(":base.bzl", "image_of")
load(":contents.bzl", "IMAGE_OR_INDEX")
load(":declared.bzl", "add_links", "declared_links", "links_of")
load(":entries.bzl", "add_source_file", "add_target", "plan_target")
load(":forwarded.bzl", "forwarded_image")
load(":metadata.bzl", "METADATA_ATTRS", "add_metadata")
load(":packing.bzl", "PACKING_ATTRS", "pack")
load(":paths.bzl", "escape")
load(":pkgs.bzl", "add_pkg")
load(":policy.bzl", "policy_facts")
load(":programs.bzl", "is_source_file", "own_names", "programs_of")
load(":providers.bzl", "LayerInfo", "shape_of", "shapes_of")
load(":run_tool.bzl", "new_args")
load(":tar_layers.bzl", "add_tars")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

_UNUSED = """{label}: attribute {attribute} has no effect here.
It applies to {what}."""

_LEADS_OUT = """{label}: attribute strip_prefix: {prefix} contains "..".
It must be a directory within the inputs."""

_LEFT_BEHIND = """{label}: attribute files: {target} needs {files} at run time, but only programs
have runfiles in an image. List these files in files, too; or list each program that needs them; or set
leave_out_data = True if nothing in the image needs them."""

_NO_SHAPE = """{label}: attribute over: the directories of {base} are unknown.
Use an image that rules_strata builds, imports or locks. If the image is from a lock file, add its directories with
bazel run @rules_strata//rules:lock -- update, unless the image was added with --no-shape."""

_RELATIVE_PATH = """{label}: attribute {attribute}: {path} is not an absolute path.
Paths in an image start with a slash: "/{path}"."""

# Attributes with paths in the image.
_PATHS = ["files", "symlinks", "dirs", "empty_files", "remove", "opaque"]

def _check_paths(label, attribute, paths):
    """Fails for paths that do not start with a slash. The tool, which sees every entry, checks everything else."""
    for path in paths:
        if not path.startswith("/"):
            fail(_RELATIVE_PATH.format(label = label, attribute = attribute, path = path))

def _check_left_behind(label, plans, inputs):
    """Fails if a target that is not a program needs files at run time that the layer does not contain."""
    plans = [plan for plan in plans if plan.left_behind]
    if not plans:
        return
    there = {file: None for file in depset(transitive = inputs).to_list()}
    for plan in plans:
        lost = [file.short_path for file in plan.left_behind if file not in there]
        if lost:
            files = ", ".join(lost[:3]) + (" and %d more files" % (len(lost) - 3) if len(lost) > 3 else "")
            fail(_LEFT_BEHIND.format(files = files, label = label, target = plan.target.label))

def _add_over(ctx, args, base):
    """Adds the shapes of the image or the layer that the layer is for, and returns their Files."""
    shapes = [shape_of(base[LayerInfo])] if LayerInfo in base else shapes_of(image_of(ctx, base))
    if not shapes:
        fail(_NO_SHAPE.format(base = base.label, label = ctx.label))
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
        what = "tars, and to paths in files that end in a slash"
        fail(_UNUSED.format(label = label, attribute = "strip_prefix", what = what))

def _add_files(ctx, args):
    """Adds the entries of the attributes `files` and `pkgs`, and returns a list of depsets with their Files."""
    attr = ctx.attr
    directory = attr.package_dir.rstrip("/") if attr.package_dir else ""
    plans = {
        path: plan_target(ctx.label, directory + path, target, attr.strip_prefix)
        for path, target in attr.files.items()
        if not is_source_file(target)
    }
    names = own_names(plans.values(), attr.symlinks) if plans else {}
    inputs = [
        add_target(ctx, args, plans[path], names) if path in plans else add_source_file(
            ctx.label,
            args,
            directory + path,
            target,
            attr.strip_prefix,
        )
        for path, target in attr.files.items()
    ]
    if plans and not attr.leave_out_data:
        _check_left_behind(ctx.label, plans.values(), inputs)
    for target in attr.pkgs:
        inputs.append(add_pkg(args, attr.package_dir, target, ctx.label))
    if plans or attr.pkgs:
        add_links(args, links_of(attr.files.values() + attr.pkgs), depset(transitive = inputs))
    return inputs

def _add_archives(args, attr):
    """Adds the flags for the attributes `tars` and `debs`, and returns a list of depsets with their Files."""
    inputs = [target[DefaultInfo].files for target in attr.tars + attr.debs]
    for target in attr.tars:
        add_tars(args, target[DefaultInfo].files)
    if attr.tars and attr.strip_prefix:
        args.add(attr.strip_prefix, format = "--strip-prefix=%s")
    if attr.tars and attr.package_dir:
        args.add(attr.package_dir, format = "--package-dir=%s")
    for target in attr.debs:
        args.add_all(target[DefaultInfo].files, format_each = "--deb=%s", expand_directories = False)
    return inputs

# Most layers have few attributes, and a build may have thousands of layers. Therefore this tests whether an attribute is set before
# it calls a function for it.
def _impl(ctx):
    attr = ctx.attr
    for attribute in _PATHS:
        paths = getattr(attr, attribute)
        if paths:
            _check_paths(ctx.label, attribute, paths)
    if attr.package_dir or attr.strip_prefix:
        _check_moves(ctx.label, attr)

    args = new_args(ctx)
    inputs = _add_files(ctx, args) if attr.files or attr.pkgs else []
    if attr.symlinks:
        args.add_all(["--symlink=%s=%s" % (escape(path), target) for path, target in attr.symlinks.items()])
    if attr.tars or attr.debs:
        inputs += _add_archives(args, attr)
    if attr.dirs:
        args.add_all(attr.dirs, format_each = "--dir=%s")
    if attr.empty_files:
        args.add_all(attr.empty_files, format_each = "--empty-file=%s")
    if attr.remove:
        args.add_all(attr.remove, format_each = "--remove=%s")
    if attr.opaque:
        args.add_all(attr.opaque, format_each = "--opaque=%s")
    if attr.over:
        inputs.append(_add_over(ctx, args, attr.over))
    if attr.hardlinks:
        args.add("--hardlinks")
    if attr.duplicates != "error":
        args.add(attr.duplicates, format = "--duplicates=%s")
    add_metadata(args, attr)
    add_annotations(args, attr.annotations)
    if attr.media_type:
        args.add(attr.media_type, format = "--media-type=%s")
    layer = pack(
        ctx,
        ctx.label.name,
        args,
        inputs[0] if len(inputs) == 1 else depset(transitive = inputs),
        may_be_kept = len(attr.tars) == 1,
    )
    return [
        layer,
        DefaultInfo(files = depset([layer.blob])),
        OutputGroupInfo(descriptor = depset([layer.descriptor])),
    ] + policy_facts(ctx, [layer])

image_layer = rule(
    doc = """Builds a layer from files, directories, symlinks and archives.

The same inputs produce the same bytes on every machine. By default, entries belong to root and have the modification time
1970-01-01. The default mode of a file depends on its content, not on its mode on disk: 0755 for executable targets, for
ELF, Mach-O and PE programs and for scripts that start with `#!`, and 0644 for all other files. Different inputs for the same
path are an error.""",
    implementation = _impl,
    attrs = METADATA_ATTRS | PACKING_ATTRS | {
        "annotations": attr.string_dict(
            doc = "Annotations of the layer's descriptor in the manifest.",
        ),
        "debs": attr.label_list(
            doc = """Debian packages to unpack. Each adds an entry to `/var/lib/dpkg/status.d`, where scanners look for it.
Maintainer scripts are listed there but do not run. Files follow symlinks in the layer and in `over`: with `symlinks =
{"/lib": "usr/lib"}`, files below `/lib` go to `/usr/lib`.""",
            allow_files = True,
        ),
        "dirs": attr.string_list(
            doc = "Directories to create, for example empty ones. Parent directories of entries need not be listed.",
        ),
        "duplicates": attr.string(
            doc = """What to do if several inputs have the same path: `error` fails, `first` keeps the first one, and `last`
keeps the last one. Inputs are ordered by attribute (`files`, `pkgs`, `symlinks`, `tars`, `debs`, `dirs`, `empty_files`,
`remove`, `opaque`), then by position within the attribute. Identical inputs are not duplicates. Directories from several
inputs are merged.""",
            default = "error",
            values = ["error", "first", "last"],
        ),
        "empty_files": attr.string_list(
            doc = "Empty files to create.",
        ),
        "files": attr.string_keyed_label_dict(
            doc = """Files to add: path in the image -> label.

If the path ends in `/`, the label's files go into that directory, each at its path relative to the label's package, with
`strip_prefix` removed. Any other path is the path of a single file or directory, and the label must provide exactly one.

The runfiles of an executable go to `PATH.runfiles`, where its launcher looks for them, and its other outputs go next to it.
This also applies to each program in a filegroup; see docs/runfiles.md.""",
            allow_files = True,
            aspects = [declared_links, programs_of],
        ),
        "hardlinks": attr.bool(
            doc = """Store files with the same content and metadata once, as hard links. Off by default, because a program in
the container that writes to one of them changes all of them.""",
        ),
        "leave_out_data": attr.bool(
            doc = """Omit files that a label in `files` needs at run time but that are neither its outputs nor the runfiles of
a program, like the `data` of a filegroup or a library. By default, such files are an error.""",
        ),
        "media_type": attr.string(
            doc = """Media type of the layer in the manifest, if not the default: a media type from image-spec that matches
the compression. For example, `application/vnd.oci.image.layer.nondistributable.v1.tar+gzip` marks content that must not be
pushed to a public registry.""",
        ),
        "opaque": attr.string_list(
            doc = """Directories whose contents in lower layers are hidden. Only entries from this layer and later ones
remain visible.""",
        ),
        "over": attr.label(
            doc = """The image or the layer that the layer goes on top of, usually the base. Entries follow the symlinks there
(with `/lib -> usr/lib`, `/lib/x` becomes `/usr/lib/x`), and implied parent directories are the same as there.""",
            aspects = [forwarded_image],
            providers = IMAGE_OR_INDEX + [[LayerInfo]],
        ),
        "package_dir": attr.string(
            doc = """Directory in the image that paths in `files`, `pkgs` and `tars` are relative to. Paths in all other
attributes are relative to the root of the image.""",
        ),
        "pkgs": attr.label_list(
            doc = """Targets of rules_pkg: `pkg_files`, `pkg_mkdirs`, `pkg_mklink` and `pkg_filegroup`. They determine paths,
modes and owners, unless an attribute of this layer overrides them. Requires two lines in MODULE.bazel; see docs/layers.md.""",
            aspects = [declared_links],
        ),
        "remove": attr.string_list(
            doc = "Paths to delete: files or whole directories from lower layers, for example from a base image.",
        ),
        "strip_prefix": attr.string(
            doc = """Directory to remove from the beginning of paths. It matches whole path segments and is not a pattern.

In `tars`, it is a directory in each archive; entries outside it are omitted. In `files`, it applies to paths that end in
`/`, and is relative to the label's package, or to the root of its repository if it starts with a slash; files outside it are
an error. It may be a directory that an action creates, or a subdirectory of one.""",
        ),
        "symlinks": attr.string_dict(
            doc = "Symlinks to create: path in the image -> target, which is stored unchanged.",
        ),
        "tars": attr.label_list(
            doc = """Tar archives to merge: uncompressed, or compressed with gzip, bzip2, xz or zstd, which is detected from the
content. Modes, owners, times, hard links, extended attributes, devices and named pipes are preserved unless an attribute
overrides them. A single archive that nothing else changes becomes the layer, byte for byte.""",
            allow_files = True,
        ),
    },
    provides = [LayerInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
