"""Executables for `bazel run` without a shell script: the tool itself, with its arguments in a file beside it."""

load(":contents.bzl", "add_runfiles_contents", "contents_of", "contents_runfiles")
load(":toolchain.bzl", "tool")

visibility(["//rules/..."])

def _shown(label):
    """Returns a label as people type it, without the main repository's name."""
    return str(label) if label.repo_name else "//%s:%s" % (label.package, label.name)

def image_program(ctx, name, flags, contents = None):
    """Makes a rule's executable out of a tool that takes an image.

    Args:
      ctx: The rule's context.
      name: The tool.
      flags: dict from flag to its value or list of values. Empty strings are left out.
      contents: What contents.bzl returns of the image or index; that of the attribute `image` if None.

    Returns:
      DefaultInfo.
    """
    args = ctx.actions.args()
    args.set_param_file_format("multiline")
    args.add(_shown(ctx.label), format = "--target=%s")
    for flag, value in flags.items():
        values = value if type(value) == "list" else [value] if value else []
        args.add_all(values, format_each = "--" + flag + "=%s")
    contents = contents or contents_of(ctx.attr.image)
    add_runfiles_contents(args, contents, ctx.workspace_name)

    # Go's package launch reads NAME.args.
    arguments = ctx.actions.declare_file(ctx.label.name + ".args")
    ctx.actions.write(arguments, args)
    program = tool(ctx, name)
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = executable, target_file = program.executable, is_executable = True)
    return DefaultInfo(
        executable = executable,
        files = depset([executable]),
        runfiles = ctx.runfiles(files = [arguments]).merge(contents_runfiles(ctx, contents)),
    )
