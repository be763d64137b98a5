"""Metadata of entries: the attributes for it, and the flags of mklayer that stand for them."""

load(":paths.bzl", "escape")

visibility(["//rules/..."])

METADATA_ATTRS = {
    "modes": attr.string_dict(
        doc = """Modes, in octal: a path or a glob (`*`, `?`, `[...]`, and `**` for any number of directories) -> `0755`.

A path applies to what is there, a glob to all but directories, and a glob that ends in `/` to directories. Of several that
match the last one counts.""",
    ),
    "mtime": attr.string(
        doc = """Time of last change of all entries, except of those from archives, which have their own: seconds
since 1970-01-01T00:00:00Z, or like `2025-01-31T12:00:00Z`. 0 if unset.""",
    ),
    "mtimes": attr.string_dict(
        doc = """Times of last change: a path or a glob, as in `owners`, -> a time, as in `mtime`. For archives' entries,
too.""",
    ),
    "owner_names": attr.string_dict(
        doc = "Names of owners: a path or a glob, as in `owners`, -> `USER:GROUP`. Not written if unset: the numbers count.",
    ),
    "owners": attr.string_dict(
        doc = "Owners: a path or a glob, as in `modes` but applying to directories too, -> `UID:GID`. `0:0` if unset.",
    ),
    "xattrs": attr.string_list_dict(
        doc = """Extended attributes: a path or a glob, as in `modes`, -> `NAME=VALUE`s. A value that begins with `0x`
is hexadecimal, one that begins with `0s` is base64. That of `security.capability` is text as for setcap, for instance
`cap_net_bind_service=+ep`.""",
    ),
}

def add_metadata(args, attr, applies = lambda _pattern: True):
    """Adds the flags for METADATA_ATTRS.

    Args:
      args: Args to add flags to.
      attr: The rule's attributes, with METADATA_ATTRS among them.
      applies: Function that says whether a pattern is for this layer, where a rule makes several.
    """
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
    if attr.mtime:
        args.add(attr.mtime, format = "--mtime=%s")
