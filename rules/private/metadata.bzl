"""Metadata of entries: the attributes, and the corresponding flags of mklayer."""

load(":paths.bzl", "escape")

visibility(["//rules/..."])

METADATA_ATTRS = {
    "modes": attr.string_dict(
        doc = """Modes in octal: path or glob -> mode, like `0755`. Globs may contain `*`, `?`, `[...]`, and `**` for any number of
directories.

A path matches the entry at that path. A glob matches entries other than directories, and a glob that ends in `/` matches
directories. If several match, the last one wins.""",
    ),
    "mtime": attr.string(
        doc = """Modification time of all entries, except those from archives, which keep their own: seconds since
1970-01-01T00:00:00Z, or a time like `2025-01-31T12:00:00Z`. Default: 0.""",
    ),
    "mtimes": attr.string_dict(
        doc = """Modification times: path or glob, as in `owners` -> time, as in `mtime`. Also applies to entries from
archives.""",
    ),
    "owner_names": attr.string_dict(
        doc = "Owner names: path or glob, as in `owners` -> `USER:GROUP`. If unset, the layer contains only numeric IDs.",
    ),
    "owners": attr.string_dict(
        doc = "Owners: path or glob -> `UID:GID`. As in `modes`, but globs also match directories. Default: `0:0`.",
    ),
    "xattrs": attr.string_list_dict(
        doc = """Extended attributes: path or glob, as in `modes` -> list of `NAME=VALUE`. Values that start with `0x` are
hexadecimal, and values that start with `0s` are base64. The value of `security.capability` is text in the syntax of setcap,
like `cap_net_bind_service=+ep`.""",
    ),
}

def add_metadata(args, attr, applies = lambda _pattern: True):
    """Adds the flags for METADATA_ATTRS.

    Args:
      args: Args to add flags to.
      attr: The rule's attributes, including METADATA_ATTRS.
      applies: Function that returns whether a pattern applies to this layer, for rules that make several layers.
    """
    if attr.mtime:
        args.add(attr.mtime, format = "--mtime=%s")
    if not (attr.modes or attr.mtimes or attr.owners or attr.owner_names or attr.xattrs):
        return
    for flag, values in [
        ("mode", attr.modes),
        ("mtimes", attr.mtimes),
        ("owner", attr.owners),
        ("owner-name", attr.owner_names),
    ]:
        for pattern, value in values.items():
            if applies(pattern):
                args.add("--%s=%s=%s" % (flag, escape(pattern), value))
    for pattern, xattrs in attr.xattrs.items():
        if applies(pattern):
            args.add_all(["--xattr=%s=%s" % (escape(pattern), xattr) for xattr in xattrs])
