"""image_layer: makes one layer out of files."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load(":actions.bzl", "add_annotations", "make_layer", "new_args")
load(":entries.bzl", "add_target")
load(":paths.bzl", "escape")
load(":providers.bzl", "LayerInfo")
load(":toolchain.bzl", "TOOLCHAIN_TYPE")

visibility(["//rules/..."])

_SUFFIX = {"gzip": ".tar.gz", "none": ".tar", "zstd": ".tar.zst"}

_RELATIVE_PATH = """{label}: attribute {attribute}: {path} is not an absolute path.
Paths in an image start with a slash: "/{path}"."""

def _check_paths(label, attribute, paths):
    """Refuses paths that do not start with a slash. All other rules of paths are the tool's, which sees every entry."""
    for path in paths:
        if not path.startswith("/"):
            fail(_RELATIVE_PATH.format(label = label, attribute = attribute, path = path))

def _add_metadata(args, attr):
    for pattern, mode in attr.modes.items():
        args.add("--mode=%s=%s" % (escape(pattern), mode))
    for pattern, owner in attr.owners.items():
        args.add("--owner=%s=%s" % (escape(pattern), owner))
    for pattern, names in attr.owner_names.items():
        args.add("--owner-name=%s=%s" % (escape(pattern), names))
    if attr.mtime:
        args.add(attr.mtime, format = "--mtime=%s")

def _impl(ctx):
    attr = ctx.attr
    for attribute in ["files", "symlinks", "dirs"]:
        _check_paths(ctx.label, attribute, getattr(attr, attribute))

    args = new_args(ctx)
    inputs = [
        add_target(args, path, target, ctx.workspace_name, ctx.label)
        for path, target in attr.files.items()
    ]
    for path, target in attr.symlinks.items():
        args.add("--symlink=%s=%s" % (escape(path), target))
    args.add_all(attr.dirs, format_each = "--dir=%s")
    _add_metadata(args, attr)
    add_annotations(args, attr.annotations)
    args.add(attr.compression, format = "--compression=%s")
    if attr.compression_level:
        args.add(attr.compression_level, format = "--level=%s")

    blob = ctx.actions.declare_file(ctx.label.name + _SUFFIX[attr.compression])
    descriptor = ctx.actions.declare_file(ctx.label.name + ".layer.json")
    workers = attr._workers[BuildSettingInfo].value
    make_layer(ctx, args, depset(transitive = inputs), blob, descriptor, workers)
    return [
        LayerInfo(blob = blob, descriptor = descriptor),
        DefaultInfo(files = depset([blob])),
        OutputGroupInfo(descriptor = depset([descriptor])),
    ]

image_layer = rule(
    doc = """Makes one layer: files, directories and symlinks at their places in the image, packed and ready for a registry.

The same content gives the same bytes on every machine. Entries belong to root and date from 1970-01-01 unless the
attributes say otherwise. A file's mode follows from what it is: 0755 for an executable target, an ELF, Mach-O or PE program
and a script that starts with `#!`, 0644 for all else; the disk's mode bits play no part. Two different inputs for one path
are an error.""",
    implementation = _impl,
    attrs = {
        "annotations": attr.string_dict(
            doc = "Annotations of the layer's descriptor in the manifest.",
        ),
        "compression": attr.string(
            doc = "`gzip`, `zstd` or `none`.",
            default = "gzip",
            values = ["gzip", "zstd", "none"],
        ),
        "compression_level": attr.int(
            doc = "1 to 9 for gzip, 1 to 19 for zstd. 0, the default, is 6 for gzip and 3 for zstd.",
        ),
        "dirs": attr.string_list(
            doc = "Directories to make, empty ones for instance. The parents of all entries are made without being listed.",
        ),
        "files": attr.string_keyed_label_dict(
            doc = """What goes where: a path in the image -> a label.

A path that ends in `/` is a directory to put the label's files in, each at its path below the label's package. Any other
path is the place of the one file or directory that the label stands for. An executable brings its runfiles to
`PATH.runfiles`, where its launcher looks for them.""",
            allow_files = True,
        ),
        "modes": attr.string_dict(
            doc = """Modes, in octal: a path or a glob (`*`, `?`, `[...]`, and `**` for any number of directories) -> `0755`.

A path applies to what is there, a glob to all but directories, and a glob that ends in `/` to directories. Of several that
match the last one counts.""",
        ),
        "mtime": attr.string(
            doc = """Time of last change of all entries: seconds since 1970-01-01T00:00:00Z, or like `2025-01-31T12:00:00Z`. 0 if
unset.""",
        ),
        "owner_names": attr.string_dict(
            doc = "Names of owners: a path or a glob, as in `modes`, -> `USER:GROUP`. Not written if unset: the numbers count.",
        ),
        "owners": attr.string_dict(
            doc = "Owners: a path or a glob, as in `modes` but applying to directories too, -> `UID:GID`. `0:0` if unset.",
        ),
        "symlinks": attr.string_dict(
            doc = "Symlinks to make: a path in the image -> what the link says, kept as it is.",
        ),
        "_workers": attr.label(
            default = "//rules:layer_workers",
            providers = [BuildSettingInfo],
        ),
    },
    provides = [LayerInfo],
    toolchains = [TOOLCHAIN_TYPE],
)
