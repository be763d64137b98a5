"""The rule of the examples of rules_oci that builds an image for several platforms, and one with the name of that of bazel_lib."""

def _multiarch_impl(_settings, attr):
    return [{"//command_line_option:platforms": str(platform)} for platform in attr.platforms]

_multiarch_transition = transition(
    implementation = _multiarch_impl,
    inputs = [],
    outputs = ["//command_line_option:platforms"],
)

def _multi_arch_impl(ctx):
    return DefaultInfo(files = depset(ctx.files.image))

multi_arch = rule(
    implementation = _multi_arch_impl,
    attrs = {
        "image": attr.label(cfg = _multiarch_transition),
        "platforms": attr.label_list(),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
    },
)

def _one_impl(_settings, attr):
    return {"//command_line_option:platforms": str(attr.target_platform)}

_one_transition = transition(
    implementation = _one_impl,
    inputs = [],
    outputs = ["//command_line_option:platforms"],
)

def _filegroup_impl(ctx):
    return DefaultInfo(files = depset(ctx.files.srcs))

platform_transition_filegroup = rule(
    implementation = _filegroup_impl,
    attrs = {
        "srcs": attr.label_list(cfg = _one_transition),
        "target_platform": attr.label(),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
    },
)
