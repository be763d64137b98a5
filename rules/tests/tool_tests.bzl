"""The tools that a rule gets: built for the machine that runs them, and no others."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load(
    "//rules:defs.bzl",
    "image",
    "image_boot",
    "image_layer",
    "image_load",
    "image_push",
    "image_push_all",
    "image_rootfs",
    "image_test",
)
load("//rules:toolchain.bzl", "BUILD_TOOLCHAIN_TYPE", "RUN_TOOLCHAIN_TYPE", "image_build_toolchain", "image_run_toolchain")
load("//rules/private:configuration.bzl", "CONFIGURATION_ATTRS")
load("//rules/private:platform.bzl", "target_platform")
load("//rules/private:tool_binary.bzl", "target_tool_binary")
load("//tools:tools.bzl", "BUILD_TOOLS", "RUN_TOOLS")
load(":actions.bzl", "only")

visibility("private")

# The machines of the tests, all different. The tools for each are named after its operating system.
_HOST = "windows"
_EXECUTION = "darwin"
_TARGET = "linux"

# The tools that are files in the tests of prebuilt tools.
_PREBUILT_BUILD = ["mkcheck", "mkconfig", "mklayer", "mklayout", "mklisting", "mkmanifest", "mkreference", "mkrootfs"]
_PREBUILT_RUN = ["boot", "check", "load", "push", "vminit"]

def _label(name):
    return str(Label("//rules/tests:" + name))

def _machines(toolchains):
    """Returns the settings of a build on _HOST for _TARGET whose actions run on _EXECUTION."""
    return {
        "//command_line_option:extra_execution_platforms": [_label("tools_execution")],
        "//command_line_option:extra_toolchains": [_label(name) for name in toolchains],
        "//command_line_option:host_platform": _label("tools_host"),
        "//command_line_option:platforms": [_label("tools_target")],
    }

def _probe_impl(ctx):
    if ctx.attr.broken:
        fail("the tool is analysed")
    executable = ctx.actions.declare_file("%s/%s" % (ctx.label.name, target_platform(ctx)["os"]))
    ctx.actions.write(executable, "", is_executable = True)
    return [DefaultInfo(executable = executable)]

_probe = rule(
    doc = "A tool named after the operating system that it is built for.",
    implementation = _probe_impl,
    attrs = CONFIGURATION_ATTRS | {"broken": attr.bool()},
    executable = True,
)

def _machine_impl(ctx):
    env = analysistest.begin(ctx)
    for mnemonic, machine in ctx.attr.machines.items():
        action = only(env, mnemonic)
        tools = action.inputs.to_list() if mnemonic == "ExecutableSymlink" else [struct(basename = action.argv[0].split("/")[-1])]
        asserts.equals(env, [machine], [tool.basename for tool in tools], mnemonic)
    return analysistest.end(env)

def _machine_test(toolchains):
    return analysistest.make(
        _machine_impl,
        attrs = {"machines": attr.string_dict(doc = "Mnemonic to the operating system of the tool.")},
        config_settings = _machines(toolchains),
    )

# Tools that can be built for any machine, like those from source.
_built_test = _machine_test(["probe_build_toolchain", "probe_run_toolchain"])

# Tools that are files, for each machine.
_prebuilt_test = _machine_test([
    "%s_%s_toolchain" % (machine, stage)
    for machine in [_TARGET, _HOST, _EXECUTION]
    for stage in ["build", "run"]
])

# Tools of the run type that cannot be analysed.
_broken_run_test = _machine_test(["probe_build_toolchain", "broken_run_toolchain"])

def _refused_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.message)
    return analysistest.end(env)

def _refused_test(toolchains):
    return analysistest.make(
        _refused_impl,
        attrs = {"message": attr.string()},
        config_settings = _machines(toolchains),
        expect_failure = True,
    )

# Toolchains without tools.
_no_build_tool_test = _refused_test(["empty_build_toolchain"])
_no_run_tool_test = _refused_test(["probe_build_toolchain", "empty_run_toolchain"])

def _toolchains(name, build, run, exec_compatible_with = [], target_compatible_with = []):
    image_build_toolchain(name = name + "_build_tools", tags = ["manual"], tools = build)
    native.toolchain(
        name = name + "_build_toolchain",
        exec_compatible_with = exec_compatible_with,
        toolchain = name + "_build_tools",
        toolchain_type = BUILD_TOOLCHAIN_TYPE,
    )
    image_run_toolchain(name = name + "_run_tools", tags = ["manual"], tools = run)
    native.toolchain(
        name = name + "_run_toolchain",
        target_compatible_with = target_compatible_with,
        toolchain = name + "_run_tools",
        toolchain_type = RUN_TOOLCHAIN_TYPE,
    )

# Mistakes in the attribute tools, and parts of their errors.
_WRONG_TOOLS = {
    "tools_unknown": ({"probe_mklayer": "mklayers"}, "tools: unknown tool \"mklayers\"; known are mkbase, mkblob, mkcheck, mkconda, "),
    "tools_twice": ({"probe_mkconfig": "mklayer", "probe_mklayer": "mklayer"}, "tools: two targets for \"mklayer\""),
    "tools_no_program": ({"tools_files": "mklayer"}, "tools_files is not executable"),
}

_wrong_test = analysistest.make(_refused_impl, attrs = {"message": attr.string()}, expect_failure = True)

def _wrong_tools():
    native.filegroup(name = "tools_files", srcs = ["data/a.txt", "data/b=c.txt"])
    for name, (tools, _) in _WRONG_TOOLS.items():
        image_build_toolchain(name = name, tags = ["manual"], tools = tools)

def _declare_tools():
    for machine, os in [("execution", "macos"), ("host", "windows"), ("target", "linux")]:
        native.platform(name = "tools_" + machine, constraint_values = ["@platforms//os:" + os, "@platforms//cpu:x86_64"])
    for tool in list(BUILD_TOOLS) + list(RUN_TOOLS):
        _probe(name = "probe_" + tool, tags = ["manual"])
        _probe(name = "broken_" + tool, broken = True, tags = ["manual"])
    probes = {"probe_" + tool: tool for tool in BUILD_TOOLS}
    _toolchains("probe", probes, {"probe_" + tool: tool for tool in RUN_TOOLS})
    _toolchains("broken", probes, {"broken_" + tool: tool for tool in RUN_TOOLS})
    _toolchains("empty", {}, {})
    _wrong_tools()
    for machine, os in [(_EXECUTION, "macos"), (_HOST, "windows"), (_TARGET, "linux")]:
        # One file for each tool in the tests.
        _toolchains(
            machine,
            {"data/tools/%s/%s" % (tool, machine): tool for tool in _PREBUILT_BUILD},
            {"data/tools/%s/%s" % (tool, machine): tool for tool in _PREBUILT_RUN},
            exec_compatible_with = ["@platforms//os:" + os],
            target_compatible_with = ["@platforms//os:" + os],
        )

def tool_tests(name):
    """Declares the tests of which tools the rules get.

    Args:
      name: Name of the test suite.
    """
    _declare_tools()
    image_layer(name = "tools_layer", files = {"/a": "data/a.txt"})
    image(name = "tools_image", layers = ["tools_layer"])
    image_load(name = "tools_load", image = "tools_image", repo_tags = ["localhost/a"])
    image_push(name = "tools_push", image = "tools_image", repository = "r.test/a")
    image_push_all(name = "tools_push_all", pushes = ["tools_push"])
    image_test(name = "tools_check", image = "tools_image", tags = ["manual"])
    image_rootfs(name = "tools_rootfs", format = "ext4", image = "tools_image", init = "//rules:vminit", tags = ["manual"])
    image_rootfs(name = "tools_plain_rootfs", format = "ext4", image = "tools_image", tags = ["manual"])
    image_boot(name = "tools_boot", kernel = "data/a.txt", rootfs = "tools_rootfs", tags = ["manual"])
    target_tool_binary(name = "tools_vminit", tool = "vminit")
    tests = []
    for target, machines in [
        ("tools_layer", {"MkLayer": _EXECUTION}),
        ("tools_image", {"MkConfig": _EXECUTION, "MkManifest": _EXECUTION}),
        ("tools_load", {"ExecutableSymlink": _HOST}),
        ("tools_push", {"MkReference": _EXECUTION, "ExecutableSymlink": _HOST}),
        ("tools_push_all", {"ExecutableSymlink": _HOST}),
        ("tools_check", {"ExecutableSymlink": _EXECUTION}),
        ("tools_rootfs", {"MkRootfs": _EXECUTION}),
        ("tools_boot", {"ExecutableSymlink": _HOST}),
        ("tools_vminit", {"ExecutableSymlink": _TARGET}),
    ]:
        for kind, test in [("built", _built_test), ("prebuilt", _prebuilt_test)]:
            tests.append("%s_%s_test" % (target, kind))
            test(name = tests[-1], machines = machines, target_under_test = target)

    # A build does not analyse tools for running.
    for target in ["tools_layer", "tools_image", "tools_plain_rootfs"]:
        tests.append(target + "_alone_test")
        _broken_run_test(name = tests[-1], machines = {}, target_under_test = target)

    for target, tool, stage, test in [
        ("tools_layer", "mklayer", "build", _no_build_tool_test),
        ("tools_load", "load", "run", _no_run_tool_test),
    ]:
        tests.append(target + "_missing_test")
        test(
            name = tests[-1],
            message = "%s needs the tool %s, which the toolchain %s does not have" % (
                Label("//rules/tests:" + target),
                tool,
                Label("//rules/tests:empty_%s_tools" % stage),
            ),
            target_under_test = target,
        )
    for target, (_, message) in _WRONG_TOOLS.items():
        tests.append(target + "_test")
        _wrong_test(name = tests[-1], message = message, target_under_test = target)
    native.test_suite(name = name, tests = tests)
