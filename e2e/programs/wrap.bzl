"""A rule that renames a program, like rules for platforms and deployments."""

def _impl(ctx):
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = executable, target_file = ctx.executable.program, is_executable = True)
    return DefaultInfo(
        executable = executable,
        runfiles = ctx.attr.program[DefaultInfo].default_runfiles,
    )

wrapped = rule(
    implementation = _impl,
    executable = True,
    attrs = {"program": attr.label(
        cfg = "target",
        executable = True,
    )},
)
