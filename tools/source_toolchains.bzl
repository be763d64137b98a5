"""The toolchains that build the tools from source.

They are below tools, and not below rules, because in a release only the module rules_strata_source can build them.
"""

load(
    "@rules_strata//rules:toolchain.bzl",
    "BUILD_TOOLCHAIN_TYPE",
    "RUN_TOOLCHAIN_TYPE",
    "image_build_toolchain",
    "image_run_toolchain",
)
load(":tools.bzl", "BUILD_TOOLS", "RUN_TOOLS")

visibility("private")

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
            tools = {"//tools/" + tool: tool for tool in tools},
            visibility = ["//visibility:public"],
        )
        native.toolchain(
            name = "%s_%s_toolchain" % (name, stage),
            target_settings = ["@rules_strata//rules:source_tools"],
            toolchain = "%s_%s_tools" % (name, stage),
            toolchain_type = toolchain_type,
        )
