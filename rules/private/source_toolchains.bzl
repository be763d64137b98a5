"""The toolchains that build the tools from source."""

load("//tools:tools.bzl", "BUILD_TOOLS", "RUN_TOOLS")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE", "RUN_TOOLCHAIN_TYPE", "image_build_toolchain", "image_run_toolchain")

visibility(["//rules/..."])

def source_toolchains(name):
    """Declares the toolchains NAME_build_toolchain and NAME_run_toolchain.

    Args:
      name: Prefix of the names of all targets.
    """
    for stage, rule, tools, toolchain_type in [
        ("build", image_build_toolchain, BUILD_TOOLS, BUILD_TOOLCHAIN_TYPE),
        ("run", image_run_toolchain, RUN_TOOLS, RUN_TOOLCHAIN_TYPE),
    ]:
        rule(
            name = "%s_%s_tools" % (name, stage),
            **{tool: Label("//tools/" + tool) for tool in tools}
        )
        native.toolchain(
            name = "%s_%s_toolchain" % (name, stage),
            toolchain = "%s_%s_tools" % (name, stage),
            toolchain_type = toolchain_type,
        )
