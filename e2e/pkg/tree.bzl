"""A directory that an action creates."""

def _tree_impl(ctx):
    tree = ctx.actions.declare_directory(ctx.label.name)
    ctx.actions.run_shell(
        outputs = [tree],
        command = "mkdir $1/sub && echo leaf >$1/sub/leaf && echo '#!/bin/sh' >$1/run",
        arguments = [tree.path],
    )
    return [DefaultInfo(files = depset([tree]))]

tree = rule(implementation = _tree_impl)
