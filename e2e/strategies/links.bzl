"""Outputs that are or contain symlinks, of each kind that rules can create."""

def _tree_impl(ctx):
    out = ctx.actions.declare_directory(ctx.label.name)
    ctx.actions.run_shell(
        inputs = [ctx.file.beside],
        outputs = [out],
        mnemonic = "MakeTree",
        command = """
mkdir -p $1/real/deep $1/void &&
echo text >$1/real/deep/file &&
ln -s real/deep/file $1/file &&
ln -s file $1/chain &&
ln -s deep $1/real/dir &&
ln -s real $1/dir &&
ln -s "../$(basename $2)" $1/beyond
""",
        arguments = [out.path, ctx.file.beside.path],
    )
    return [DefaultInfo(files = depset([out]))]

tree = rule(
    doc = "A directory with symlinks to files and directories, to other symlinks and out of it.",
    implementation = _tree_impl,
    attrs = {"beside": attr.label(
        doc = "An output of this package, the target of a symlink.",
        allow_single_file = True,
    )},
)

def _declared_impl(ctx):
    links = []
    for name, target in ctx.attr.links.items():
        link = ctx.actions.declare_symlink(name)
        ctx.actions.symlink(output = link, target_path = target)
        links.append(link)
    return [DefaultInfo(files = depset(links), runfiles = ctx.runfiles(links))]

declared = rule(
    doc = "Symlinks that are outputs themselves.",
    implementation = _declared_impl,
    attrs = {"links": attr.string_dict(doc = "Path in the package -> target of the symlink.")},
)

def _alike_impl(ctx):
    outputs = []
    for target, name in ctx.attr.files.items():
        (file,) = target.files.to_list()
        out = ctx.actions.declare_directory(name) if file.is_directory else ctx.actions.declare_file(name)
        ctx.actions.symlink(output = out, target_file = file)
        outputs.append(out)
    return [DefaultInfo(files = depset(outputs), runfiles = ctx.runfiles(outputs))]

alike = rule(
    doc = "Files and directories as symlinks to others, as in node_modules.",
    implementation = _alike_impl,
    attrs = {"files": attr.label_keyed_string_dict(
        doc = "File -> path in the package.",
        allow_files = True,
    )},
)
