"""Variables of the workspace status in images: the attribute `stamp`, and whether an action needs the status.

The Go package stamp expands them.
"""

load(":configuration.bzl", "CONFIGURATION_ATTRS", "configuration_of")

visibility(["//rules/..."])

STAMP_ATTRS = CONFIGURATION_ATTRS | {
    "stamp": attr.int(
        doc = """Whether variables like `{{STABLE_GIT_COMMIT}}` have the values of the workspace status: 1 always, 0 never, -1 if
the build has the flag `--stamp`. Otherwise they have their defaults, like `{{STABLE_GIT_COMMIT|dev}}`. Targets without
variables and files do not depend on the status. See docs/images.md.""",
        default = -1,
        values = [-1, 0, 1],
    ),
}

def status_of(ctx, texts, files):
    """Returns the File with the stable workspace status for an action, or None if it must not depend on the status.

    Only the tool can tell whether a file has variables, so every file counts as if it had some.

    Args:
      ctx: The rule's context. The rule must have STAMP_ATTRS.
      texts: list of the strings that may contain variables.
      files: list of the Files that may contain variables, or None for each that is not set.

    Returns:
      File or None.
    """
    stamped = ctx.attr.stamp == 1 or (ctx.attr.stamp == -1 and configuration_of(ctx.attr).stamped)
    if not stamped:
        return None
    needed = [text for text in texts if has_variables(text)] or [file for file in files if file]
    return ctx.info_file if needed else None

def has_variables(text):
    """Returns whether a text may contain variables of the workspace status."""
    return "{{" in text
