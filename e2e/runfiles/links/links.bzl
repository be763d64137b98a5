"""A program with runfiles of every kind."""

# Like many launchers, this one follows symlinks to itself before it looks for files next to itself.
_LAUNCHER = """#!/bin/sh
set -eu
runfiles=$(readlink -f "$0").runfiles
cd "$runfiles"
for file in _main/linked/file.txt _main/linked/tree/link.txt at-the-root.txt greeting/beside.txt other~/x.txt; do
  echo "links: $file $(cat "$file")"
done
echo "links: dangling $(readlink _main/links/links.dangling)"
echo "links: itself $(readlink _main/links/links)"
echo "links: names $(echo _main/linked/*=*)"
"""

def _impl(ctx):
    launcher = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(launcher, _LAUNCHER, is_executable = True)
    dangling = ctx.actions.declare_symlink(ctx.label.name + ".dangling")
    ctx.actions.symlink(output = dangling, target_path = "../no/where")
    return [DefaultInfo(
        executable = launcher,
        runfiles = ctx.runfiles(
            files = [dangling],
            symlinks = {
                "../other~/x.txt": ctx.file.other,
                "linked/a = b": ctx.file.file,
                "linked/file.txt": ctx.file.file,
                "linked/tree": ctx.file.tree,
            },
            root_symlinks = {
                "at-the-root.txt": ctx.file.file,
                "greeting/beside.txt": ctx.file.other,
            },
        ),
    )]

links = rule(
    implementation = _impl,
    attrs = {
        "file": attr.label(allow_single_file = True),
        "other": attr.label(allow_single_file = True),
        "tree": attr.label(allow_single_file = True),
    },
    executable = True,
)
