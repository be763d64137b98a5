"""Executables for `bazel run` without a shell script: the tool itself, with its arguments in a file among its runfiles."""

load(":contents.bzl", "add_runfiles_contents", "contents_of", "contents_runfiles")
load(":run_tools.bzl", "run_tool")

visibility(["//rules/..."])

# The directory among runfiles that Go's package launch looks into.
_ARGUMENTS_DIR = "rules_strata.args"

def _shown(label):
    """Returns a label as people type it, without the main repository's name."""
    return str(label) if label.repo_name else "//%s:%s" % (label.package, label.name)

def program_arguments(ctx, flags, files = {}, contents = None):
    """Writes the file NAME.args, which Go's package launch reads.

    Args:
      ctx: The rule's context.
      flags: dict from flag to its value or list of values. Empty strings are left out.
      files: dict from flag to a list of Files. The program finds them among its runfiles.
      contents: What contents.bzl returns of an image or index, to be passed on as well, or None.

    Returns:
      struct of file, the File, and runfiles with that and all that it names.
    """
    args = ctx.actions.args()
    args.set_param_file_format("multiline")
    args.add(_shown(ctx.label), format = "--target=%s")
    for flag, value in flags.items():
        values = value if type(value) == "list" else [value] if value else []
        args.add_all(values, format_each = "--" + flag + "=%s")
    for flag, values in files.items():
        _add_runfiles(args, flag, values, ctx.workspace_name)
    arguments = ctx.actions.declare_file(ctx.label.name + ".args")
    runfiles = ctx.runfiles(symlinks = {
        file.path: file
        for file in [arguments] + [file for values in files.values() for file in values]
    })
    if contents:
        add_runfiles_contents(args, contents, ctx.workspace_name)
        runfiles = runfiles.merge(contents_runfiles(ctx, contents))
    ctx.actions.write(arguments, args)
    return struct(file = arguments, runfiles = runfiles)

def _add_runfiles(args, flag, files, workspace):
    prefix = "--" + flag + "=%runfiles%/" + workspace + "/"
    args.add_all(files, map_each = lambda file: prefix + file.path, allow_closure = True)

def program(ctx, name, arguments):
    """Makes a rule's executable out of a tool.

    Args:
      ctx: The rule's context. Its attributes have RUN_ON_HOST or RUN_AS_TEST among them.
      name: The tool.
      arguments: What program_arguments returns.

    Returns:
      DefaultInfo.
    """
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = executable, target_file = run_tool(ctx, name).executable, is_executable = True)

    # Users who rename or move the executable bring its runfiles along, and there the arguments have a name of their own.
    runfiles = ctx.runfiles(
        files = [arguments.file],
        root_symlinks = {_ARGUMENTS_DIR + "/" + _runfiles_path(ctx, executable) + ".args": arguments.file},
    )
    return DefaultInfo(
        executable = executable,
        files = depset([executable]),
        runfiles = runfiles.merge(arguments.runfiles),
    )

def _runfiles_path(ctx, file):
    """Returns the path of a File among runfiles, from their root."""
    if file.short_path.startswith("../"):
        return file.short_path[len("../"):]
    return ctx.workspace_name + "/" + file.short_path

def image_program(ctx, name, flags, contents = None):
    """Makes a rule's executable out of a tool that takes an image.

    Args:
      ctx: The rule's context. Its attributes have RUN_ON_HOST or RUN_AS_TEST among them.
      name: The tool.
      flags: dict from flag to its value or list of values. Empty strings are left out.
      contents: What contents.bzl returns of the image or index; that of the attribute `image` if None.

    Returns:
      DefaultInfo.
    """
    return program(ctx, name, program_arguments(ctx, flags, contents = contents or contents_of(ctx.attr.image)))
