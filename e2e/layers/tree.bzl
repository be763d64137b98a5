"""A directory that an action creates."""

def _impl(ctx):
    out = ctx.actions.declare_directory(ctx.label.name)
    ctx.actions.run_shell(
        outputs = [out],
        mnemonic = "MakeTree",
        command = "mkdir -p $1/full $1/void/deep && echo text > $1/full/file",
        arguments = [out.path],
    )
    return [DefaultInfo(files = depset([out]))]

tree = rule(
    doc = "A directory with a file and an empty directory.",
    implementation = _impl,
)
