"""A directory that an action creates."""

def _impl(ctx):
    directory = ctx.actions.declare_directory(ctx.label.name)
    ctx.actions.run_shell(
        outputs = [directory],
        arguments = [directory.path],
        command = "mkdir $1/deep && echo 'a leaf' >$1/deep/leaf.txt && ln -s deep/leaf.txt $1/link.txt",
    )
    return [DefaultInfo(files = depset([directory]), runfiles = ctx.runfiles([directory]))]

tree = rule(implementation = _impl)
