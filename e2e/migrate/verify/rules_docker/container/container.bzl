"""A rule like container_image of rules_docker: NAME.tar is an archive as "docker save" writes it, and not a default output."""

load("@rules_oci//oci:defs.bzl", "ATTRS", "make_layout")

_SCRIPT = """
set -eu
cp -RL "$1" "$2.dir"
cd "$2.dir"
manifest=blobs/$(grep -o 'sha256:[0-9a-f]*' index.json | tr : /)
blobs=$(grep -o 'sha256:[0-9a-f]*' "$manifest" | sed 's,sha256:\\(.*\\),"blobs/sha256/\\1",')
config=$(head -n 1 <<<"$blobs")
printf '[{"Config":%s,"RepoTags":null,"Layers":[%s]}]' "$config" "$(tail -n +2 <<<"$blobs" | paste -sd ,)" >manifest.json
rm index.json oci-layout "$manifest"
tar -cf "$OLDPWD/$2" manifest.json blobs
"""

def _impl(ctx):
    layout = make_layout(ctx, ctx.label.name + ".layout")
    ctx.actions.run_shell(
        outputs = [ctx.outputs.out],
        inputs = [layout],
        arguments = [layout.path, ctx.outputs.out.path],
        command = _SCRIPT,
    )
    return [DefaultInfo(files = depset(ctx.files.tars))]

container_image = rule(
    implementation = _impl,
    attrs = ATTRS,
    outputs = {"out": "%{name}.tar"},
)
