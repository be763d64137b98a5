"""Tools that users run directly or put into images."""

load(":run_tools.bzl", "MIGRATE_ON_HOST", "RUN_ON_HOST", "RUN_ON_TARGET", "run_tool")

visibility(["//rules/..."])

def _impl(ctx):
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = executable, target_file = run_tool(ctx, ctx.attr.tool).executable, is_executable = True)
    return [DefaultInfo(executable = executable)]

def _host_impl(ctx):
    # The name of this repository in the user's build, for "image why", which builds with an aspect.
    return _impl(ctx) + [RunEnvironmentInfo(environment = {"RULES_STRATA_ORIGINS": str(Label(":origins.bzl"))})]

_TOOL = {"tool": attr.string(doc = "The tool, a key of RUN_TOOLS or MIGRATE_TOOLS.", mandatory = True)}

tool_binary = rule(
    doc = "A tool from the toolchain, for `bazel run`, so that users need not know where it comes from.",
    implementation = _host_impl,
    attrs = RUN_ON_HOST | _TOOL,
    executable = True,
)

migrate_tool_binary = rule(
    doc = "A tool of MIGRATE_TOOLS, for `bazel run`.",
    implementation = _impl,
    attrs = MIGRATE_ON_HOST | _TOOL,
    executable = True,
)

target_tool_binary = rule(
    doc = "A tool from the toolchain for the target platform, to be part of an image.",
    implementation = _impl,
    attrs = RUN_ON_TARGET | _TOOL,
    executable = True,
)
