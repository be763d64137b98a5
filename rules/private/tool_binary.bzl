"""A tool that users run by itself."""

load(":run_tools.bzl", "RUN_ON_HOST", "run_tool")

visibility(["//rules"])

def _impl(ctx):
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = executable, target_file = run_tool(ctx, ctx.attr.tool).executable, is_executable = True)
    return [DefaultInfo(executable = executable)]

tool_binary = rule(
    doc = "A tool of the toolchain, for `bazel run`. So users need not know where the tools come from.",
    implementation = _impl,
    attrs = RUN_ON_HOST | {
        "tool": attr.string(doc = "The tool, a key of RUN_TOOLS.", mandatory = True),
    },
    executable = True,
)
