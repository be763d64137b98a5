"""Running a build tool in an action: parameter files, execution requirements, resources."""

load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE", "build_tool")

visibility(["//rules/..."])

_PATH_MAPPING = {"supports-path-mapping": "1"}
_NO_PATH_MAPPING = {}

def small(_os, _inputs):
    """The resource_set of an action that reads and writes documents."""

    # Kilobytes in, kilobytes out.
    return {"cpu": 1, "memory": 30}

def copying(_os, _inputs):
    """The resource_set of an action that copies blobs."""

    # Bound by the disk; buffers are small.
    return {"cpu": 1, "memory": 60}

def compressing(_os, _inputs):
    """The resource_set of an action that compresses a layer."""

    # The compressor uses all cores that it finds. Only two are reserved, so that several layers can still be built in
    # parallel. The tool bounds its memory independently of the layer's size.
    return {"cpu": 2, "memory": 150}

def merging(_os, _inputs):
    """The resource_set of an action that merges layers."""

    # The tools keep the metadata of all files, about 1.3 KB each, and compress with all cores.
    return {"cpu": 2, "memory": 250}

# For workers, Bazel would replace "@FILE" with the lines of the file, whatever its format.
PARAM_FILE = "--flagfile=%s"

def new_args(ctx):
    """Returns Args that are passed in a parameter file if they are long (Go: cli.Arguments).

    Bazel quotes the arguments, so that they may contain any character, including line feeds.

    Args:
      ctx: The rule's context.

    Returns:
      Args.
    """
    args = ctx.actions.args()  # the default format is "shell"
    args.use_param_file(PARAM_FILE)
    return args

def run_tool(ctx, name, args, command = None, requirements = {}, path_mapping = True, **kwargs):
    """Declares an action that runs a build tool.

    Args:
      ctx: The rule's context.
      name: The tool.
      args: Args.
      command: The tool's subcommand, if it has several.
      requirements: dict of further execution requirements.
      path_mapping: Whether the tool may see other paths than those in analysis.
      **kwargs: Other arguments of ctx.actions.run.
    """
    shared = _PATH_MAPPING if path_mapping else _NO_PATH_MAPPING
    ctx.actions.run(
        executable = build_tool(ctx, name),
        arguments = [command, args] if command else [args],
        execution_requirements = shared | requirements if requirements else shared,
        toolchain = BUILD_TOOLCHAIN_TYPE,
        **kwargs
    )
