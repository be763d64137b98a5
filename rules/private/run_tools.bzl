"""The tools that `bazel run` and `bazel test` start, for the machine that they start on.

That is neither the target platform, which is the image's, nor the execution platform of the build steps. So a rule does not
resolve the toolchain itself, but depends on a target that does, in a configuration whose target platform is the machine.
"""

load(":toolchain.bzl", "RUN_TOOLCHAIN_TYPE", "tool_of")

visibility(["//rules/..."])

_HOST_PLATFORM = "//command_line_option:host_platform"
_PLATFORMS = "//command_line_option:platforms"

def _host_impl(settings, _attr):
    return {_PLATFORMS: [settings[_HOST_PLATFORM]]}

_host = transition(
    implementation = _host_impl,
    inputs = [_HOST_PLATFORM],
    outputs = [_PLATFORMS],
)

def _current_impl(ctx):
    return [ctx.toolchains[RUN_TOOLCHAIN_TYPE]]

current_run_toolchain = rule(
    doc = "The toolchain of RUN_TOOLCHAIN_TYPE for the target platform.",
    implementation = _current_impl,
    toolchains = [RUN_TOOLCHAIN_TYPE],
)

def _attributes(cfg):
    return {"_run_toolchain": attr.label(
        cfg = cfg,
        default = "//rules/private:current_run_toolchain",
        providers = [platform_common.ToolchainInfo],
    )}

# Attributes of rules that `bazel run` starts: on the platform that --host_platform names, which is this machine.
RUN_ON_HOST = _attributes(_host)

# Attributes of rules that `bazel test` starts: on the execution platform of the exec group "test", as Bazel calls the one
# that tests run in. So the tool fits the machine also where tests run remotely, and whatever the image's platform is.
RUN_AS_TEST = _attributes(config.exec("test"))

def run_tool(ctx, name):
    """Returns the tool that `bazel run` or `bazel test` starts.

    Args:
      ctx: The context of a rule with the attributes RUN_ON_HOST or RUN_AS_TEST.
      name: The tool, a key of RUN_TOOLS.

    Returns:
      FilesToRunProvider.
    """
    target = ctx.attr._run_toolchain

    # A transition makes a list of what is one target.
    target = target[0] if type(target) == "list" else target
    return tool_of(target[platform_common.ToolchainInfo], name, ctx.label)
