"""A tool that users run directly."""

load(":run_tools.bzl", "RUN_ON_HOST", "run_tool")

visibility(["//rules"])

def _impl(ctx):
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = executable, target_file = run_tool(ctx, ctx.attr.tool).executable, is_executable = True)
    return [DefaultInfo(executable = executable)]

tool_binary = rule(
    doc = "A tool from the toolchain, for `bazel run`, so that users need not know where it comes from.",
    implementation = _impl,
    attrs = RUN_ON_HOST | {
        "tool": attr.string(doc = "The tool, a key of RUN_TOOLS.", mandatory = True),
    },
    executable = True,
)
