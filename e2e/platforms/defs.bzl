"""Rules of a user that build their sources for a fixed platform."""

_to_platform = transition(
    implementation = lambda _settings, attr: {"//command_line_option:platforms": str(attr.target_platform)},
    inputs = [],
    outputs = ["//command_line_option:platforms"],
)

# Like platform_transition_filegroup of bazel_lib.
files_for_platform = rule(
    implementation = lambda ctx: [DefaultInfo(files = depset(ctx.files.srcs))],
    attrs = {
        "srcs": attr.label_list(cfg = _to_platform),
        "target_platform": attr.label(),
    },
)
