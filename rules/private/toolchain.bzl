"""The toolchain types for the tools, so that a build can supply its own."""

load("//tools:tools.bzl", "BUILD_TOOLS", "MIGRATE_TOOLS", "RUN_TOOLS")
load(":base_setting.bzl", "FEATURES", "off")
load(":conda_settings.bzl", "CONDA_SETTINGS", "without_conda_settings")

visibility(["//rules/..."])

BUILD_TOOLCHAIN_TYPE = Label("//rules:build_toolchain_type")
RUN_TOOLCHAIN_TYPE = Label("//rules:run_toolchain_type")
MIGRATE_TOOLCHAIN_TYPE = Label("//rules:migrate_toolchain_type")

_MISSING = """{label} needs the tool {tool}, which the toolchain {toolchain} does not have
hint: add it to the attribute "tools" of {toolchain}"""

def _toolchain_info(ctx, known):
    tools = {}
    for target, name in ctx.attr.tools.items():
        if name not in known:
            fail("%s: tools: unknown tool %r; known are %s" % (ctx.label, name, ", ".join(known)))
        if name in tools:
            fail("%s: tools: two targets for %r" % (ctx.label, name))
        tools[name] = target[DefaultInfo].files_to_run
        if not tools[name].executable:
            fail("%s: tools: %s is not executable" % (ctx.label, target.label))
    return [platform_common.ToolchainInfo(label = ctx.label, tools = tools)]

# The tools do not depend on what the targets that use them are built for, so this builds them only once.
_for_tools = transition(
    implementation = lambda settings, _attr: off(settings) | without_conda_settings(),
    inputs = [FEATURES],
    outputs = [FEATURES] + CONDA_SETTINGS,
)

# One attribute for all tools: a new tool does not break the custom toolchains of builds that do not use it, and a tool may be
# called "load", a keyword in a BUILD file.
def _tool_attributes(tools, cfg):
    return {
        "tools": attr.label_keyed_string_dict(
            doc = "Executables or binary files, and the tool that each is: " +
                  "; ".join(["`%s` %s" % (name, doc[0].lower() + doc[1:].rstrip(".")) for name, doc in tools.items()]) + ".",
            allow_files = True,
            cfg = cfg,
        ),
    }

def _build_impl(ctx):
    return _toolchain_info(ctx, BUILD_TOOLS)

image_build_toolchain = rule(
    doc = """The tools that build images. Actions run them on the execution platform.

rules_strata registers its own tools, so use this rule only to supply others. Register a `toolchain` target of the type
`@rules_strata//rules:build_toolchain_type` for it, with `exec_compatible_with` if the tools are binaries for one platform.
Tools may be omitted; rules that need an omitted tool fail.""",
    implementation = _build_impl,
    cfg = _for_tools,
    attrs = _tool_attributes(BUILD_TOOLS, cfg = "exec"),
)

def _run_impl(ctx):
    return _toolchain_info(ctx, RUN_TOOLS | MIGRATE_TOOLS)

image_run_toolchain = rule(
    doc = """The tools that `bazel run` starts on the host, for `image_push`, `image_load` and `image_boot`, that `bazel test` starts
on the test's machine, for `image_test`, and that virtual machines start, for `image_rootfs`.

rules_strata registers its own tools, so use this rule only to supply others. Register a `toolchain` target of the type
`@rules_strata//rules:run_toolchain_type` for it, with `target_compatible_with` if the tools are binaries for one platform:
they run on the target platform. Tools may be omitted; rules that need an omitted tool fail. The tool `migrate` is looked up in a
toolchain of the type `@rules_strata//rules:migrate_toolchain_type`, which needs no other tool.""",
    implementation = _run_impl,
    cfg = _for_tools,
    attrs = _tool_attributes(RUN_TOOLS | MIGRATE_TOOLS, cfg = "target"),
)

def build_tool(ctx, name):
    """Returns a tool that actions run.

    Args:
      ctx: The context of a rule with the toolchain BUILD_TOOLCHAIN_TYPE.
      name: The tool, a key of BUILD_TOOLS.

    Returns:
      FilesToRunProvider.
    """
    return tool_of(ctx.toolchains[BUILD_TOOLCHAIN_TYPE], name, ctx.label)

def tool_of(toolchain, name, label):
    """Returns a tool of a toolchain. Fails if the toolchain does not have it.

    Args:
      toolchain: ToolchainInfo of image_build_toolchain or image_run_toolchain.
      name: The tool.
      label: The label of the target that needs it.

    Returns:
      FilesToRunProvider.
    """
    return toolchain.tools.get(name) or fail(_MISSING.format(label = label, tool = name, toolchain = toolchain.label))
