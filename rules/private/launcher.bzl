"""Executables for `bazel run` without a shell script: the tool itself, with its arguments in a file in its runfiles."""

load(":contents.bzl", "add_runfiles_contents", "contents_of", "contents_runfiles")
load(":run_tool.bzl", "new_args")
load(":run_tools.bzl", "run_tool")

visibility(["//rules/..."])

# The directory in the runfiles where the Go package launch looks for arguments.
_ARGUMENTS_DIR = "rules_strata.args"

def shown(label):
    """Returns a label as users type it, without the main repository's name."""
    return str(label) if label.repo_name else "//%s:%s" % (label.package, label.name)

def program_arguments(ctx, flags, files = {}, contents = None, roots = [], ordered = []):
    """Writes the file NAME.args, which the Go package launch reads.

    Args:
      ctx: The rule's context.
      flags: dict from flag to its value or list of values. Empty strings are omitted.
      files: dict from flag to a list of Files. The program finds them in its runfiles.
      contents: The contents of an image or index to pass as well, as returned by contents.bzl, or None.
      roots: list of structs of name and root, for the contents of several images.
      ordered: list of further arguments, whose order matters.

    Returns:
      struct of file, the File, and runfiles, with that File and all files that it refers to.
    """
    args = new_args(ctx)
    args.add(shown(ctx.label), format = "--target=%s")
    for flag, value in flags.items():
        values = value if type(value) == "list" else [value] if value else []
        args.add_all(values, format_each = "--" + flag + "=%s")
    for flag, values in files.items():
        _add_runfiles(args, flag, values, ctx.workspace_name)
    args.add_all(ordered)
    arguments = ctx.actions.declare_file(ctx.label.name + ".args")
    runfiles = ctx.runfiles(symlinks = {
        file.path: file
        for file in [arguments] + [file for values in files.values() for file in values]
    })
    if contents:
        add_runfiles_contents(args, contents, ctx.workspace_name, roots)
        runfiles = runfiles.merge(contents_runfiles(ctx, contents))
    ctx.actions.write(arguments, args)
    return struct(file = arguments, runfiles = runfiles)

def _add_runfiles(args, flag, files, workspace):
    prefix = "--" + flag + "=%runfiles%/" + workspace + "/"
    args.add_all(files, map_each = lambda file: prefix + file.path, allow_closure = True)

def program(ctx, name, arguments):
    """Creates a rule's executable from a tool.

    Args:
      ctx: The rule's context. The rule must have the attributes RUN_ON_HOST or RUN_AS_TEST.
      name: The tool.
      arguments: The arguments as returned by program_arguments.

    Returns:
      DefaultInfo.
    """
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = executable, target_file = run_tool(ctx, name).executable, is_executable = True)

    # If the executable is renamed or moved with its runfiles, the program still finds its arguments under this name.
    runfiles = ctx.runfiles(
        files = [arguments.file],
        root_symlinks = {_ARGUMENTS_DIR + "/" + runfiles_path(ctx, executable) + ".args": arguments.file},
    )
    return DefaultInfo(
        executable = executable,
        files = depset([executable]),
        runfiles = runfiles.merge(arguments.runfiles),
    )

def runfiles_path(ctx, file):
    """Returns the path of a File relative to the root of the runfiles."""
    if file.short_path.startswith("../"):
        return file.short_path[len("../"):]
    return ctx.workspace_name + "/" + file.short_path

def image_program(ctx, name, flags, contents = None):
    """Creates a rule's executable from a tool that takes an image.

    Args:
      ctx: The rule's context. The rule must have the attributes RUN_ON_HOST or RUN_AS_TEST.
      name: The tool.
      flags: dict from flag to its value or list of values. Empty strings are omitted.
      contents: The contents of the image or index as returned by contents.bzl. Defaults to those of the attribute `image`.

    Returns:
      DefaultInfo.
    """
    return program(ctx, name, program_arguments(ctx, flags, contents = contents or contents_of(ctx.attr.image)))
