"""The tools that `bazel run` and `bazel test` start, built for the machine that runs them.

The platform of that machine is not the target platform, which is that of the image, and may differ from the execution
platform of the build actions. The rules therefore do not resolve the toolchain themselves. They depend on a target that does,
in a configuration whose target platform is the platform of that machine.
"""

load(":toolchain.bzl", "MIGRATE_TOOLCHAIN_TYPE", "RUN_TOOLCHAIN_TYPE", "tool_of")

visibility(["//rules/..."])

_HOST_PLATFORM = "//command_line_option:host_platform"
_PLATFORMS = "//command_line_option:platforms"

def _host_impl(settings, _attr):
    return {_PLATFORMS: [settings[_HOST_PLATFORM]]}

# The configuration for the machine that Bazel runs on.
on_host = transition(
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

current_migrate_toolchain = rule(
    doc = "The toolchain of MIGRATE_TOOLCHAIN_TYPE for the target platform.",
    implementation = lambda ctx: [ctx.toolchains[MIGRATE_TOOLCHAIN_TYPE]],
    toolchains = [MIGRATE_TOOLCHAIN_TYPE],
)

def _attributes(cfg, toolchain = "current_run_toolchain"):
    return {"_run_toolchain": attr.label(
        cfg = cfg,
        default = "//rules/private:" + toolchain,
        providers = [platform_common.ToolchainInfo],
    )}

# Attributes of rules whose tool `bazel run` starts. It runs on the host, whose platform is --host_platform.
RUN_ON_HOST = _attributes(on_host)

# The same for a tool of MIGRATE_TOOLS.
MIGRATE_ON_HOST = _attributes(on_host, "current_migrate_toolchain")

# Attributes of rules whose tool is for the target platform, because images contain it.
RUN_ON_TARGET = _attributes("target")

# Attributes of rules whose tool `bazel test` starts. It runs in the exec group "test". Building the tool for the execution
# platform of this group makes it fit the machine, even for remote tests and whatever the image's platform.
RUN_AS_TEST = _attributes(config.exec("test"))

def run_tool(ctx, name):
    """Returns the tool that `bazel run` or `bazel test` starts, or that an image contains.

    Args:
      ctx: The context of a rule with the attributes RUN_ON_HOST, RUN_ON_TARGET or RUN_AS_TEST.
      name: The tool, a key of RUN_TOOLS.

    Returns:
      FilesToRunProvider.
    """
    target = ctx.attr._run_toolchain

    # A transition turns the attribute into a list, even for a single target.
    target = target[0] if type(target) == "list" else target
    return tool_of(target[platform_common.ToolchainInfo], name, ctx.label)
