"""A rule like oci_image of rules_oci: its output is an image layout."""

_SCRIPT = """
set -eu
out=$1 config=$(cat "$2")
shift 2
mkdir -p "$out/blobs/sha256"
put() { # FILE TYPE: adds a blob and sets its digest and its descriptor.
  digest=$(sha256sum <"$1" | cut -c 1-64)
  descriptor="{\\"mediaType\\":\\"application/vnd.oci.image.$2\\",\\"digest\\":\\"sha256:$digest\\",\\"size\\":$(wc -c <"$1")}"
  cp "$1" "$out/blobs/sha256/$digest"
}
layers= diff_ids=
for tar; do
  put "$tar" layer.v1.tar
  layers=$layers${layers:+,}$descriptor
  diff_ids=$diff_ids${diff_ids:+,}\\"sha256:$digest\\"
done
printf '%s' "${config/\\"DIFF_IDS\\"/$diff_ids}" >"$out/document"
put "$out/document" config.v1+json
printf '{"schemaVersion":2,"config":%s,"layers":[%s]}' "$descriptor" "$layers" >"$out/document"
put "$out/document" manifest.v1+json
rm "$out/document"
printf '{"schemaVersion":2,"manifests":[%s]}' "$descriptor" >"$out/index.json"
printf '{"imageLayoutVersion":"1.0.0"}' >"$out/oci-layout"
"""

def make_layout(ctx, name):
    """Makes an image layout.

    Args:
      ctx: The context of a rule with the attributes ATTRS.
      name: Name of the directory.

    Returns:
      The directory.
    """
    out = ctx.actions.declare_directory(name)
    config = ctx.actions.declare_file(name + ".config")
    ctx.actions.write(config, json.encode({
        "architecture": ctx.attr.architecture,
        "config": {
            "Cmd": ctx.attr.cmd or None,
            "Entrypoint": ctx.attr.entrypoint or None,
            "Env": ["%s=%s" % item for item in ctx.attr.env.items()],
            "User": ctx.attr.user,
            "WorkingDir": ctx.attr.workdir,
        },
        "created": "1970-01-01T00:00:00Z",
        "os": ctx.attr.os,
        "rootfs": {"diff_ids": ["DIFF_IDS"], "type": "layers"},
    }))
    ctx.actions.run_shell(
        outputs = [out],
        inputs = [config] + ctx.files.tars,
        arguments = [out.path, config.path] + [tar.path for tar in ctx.files.tars],
        command = _SCRIPT,
    )
    return out

ATTRS = {
    "architecture": attr.string(default = "amd64"),
    "base": attr.label(),
    "cmd": attr.string_list(),
    "entrypoint": attr.string_list(),
    "env": attr.string_dict(),
    "os": attr.string(default = "linux"),
    "tars": attr.label_list(allow_files = True),
    "user": attr.string(),
    "workdir": attr.string(default = "/"),
}

oci_image = rule(
    implementation = lambda ctx: [DefaultInfo(files = depset([make_layout(ctx, ctx.label.name)]))],
    attrs = ATTRS,
)
