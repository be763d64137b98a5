"""The toolchains that build the tools from source.

They are below tools, and not below rules, because in a release only the module rules_strata_source can build them.
"""

load(
    "@rules_strata//rules:toolchain.bzl",
    "BUILD_TOOLCHAIN_TYPE",
    "MIGRATE_TOOLCHAIN_TYPE",
    "RUN_TOOLCHAIN_TYPE",
    "image_build_toolchain",
    "image_run_toolchain",
)
load(":tools.bzl", "BUILD_TOOLS", "MIGRATE_TOOLS", "RUN_TOOLS")

visibility("private")

def source_toolchains(name):
    """Declares the toolchains NAME_build_toolchain, NAME_run_toolchain and NAME_migrate_toolchain.

    Args:
      name: Prefix of the names of all targets.
    """
    for stage, rule, tools, toolchain_type in [
        ("build", image_build_toolchain, {"//tools/" + tool: tool for tool in BUILD_TOOLS}, BUILD_TOOLCHAIN_TYPE),
        ("run", image_run_toolchain, {"//tools/" + tool: tool for tool in RUN_TOOLS}, RUN_TOOLCHAIN_TYPE),
        ("migrate", image_run_toolchain, {"//tools/%s/program" % tool: tool for tool in MIGRATE_TOOLS}, MIGRATE_TOOLCHAIN_TYPE),
    ]:
        rule(
            name = "%s_%s_tools" % (name, stage),
            tools = tools,
            visibility = ["//visibility:public"],
        )
        native.toolchain(
            name = "%s_%s_toolchain" % (name, stage),
            target_settings = ["@rules_strata//rules:source_tools"],
            toolchain = "%s_%s_tools" % (name, stage),
            toolchain_type = toolchain_type,
        )
