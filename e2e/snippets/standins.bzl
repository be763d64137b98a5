"""Stand-ins for targets that a snippet refers to but does not define."""

load("@rules_strata//rules:defs.bzl", "image", "image_archive", "image_index", "image_layer", "image_load", "image_push")

def standin(name, attribute):
    """Declares a target that fits an attribute.

    Args:
      name: Name of the target.
      attribute: The attribute with its label.
    """
    declare = _BY_NAME.get(name) or _BY_ATTRIBUTE.get(attribute)
    if not declare:
        fail("no stand-in for :%s: add the attribute %s to standins.bzl" % (name, attribute))
    declare(name)

def _program(name):
    native.genrule(
        name = name,
        outs = [name + "_program/" + name],
        cmd = "echo stands for a static program >$@",
        executable = True,
    )

def _layer(name):
    image_layer(
        name = name,
        files = {"/usr/share/" + name: "//app:app.conf"},
    )

def _image(name):
    _layer(name + "_layer")
    image(
        name = name,
        cmd = ["/usr/bin/" + name],
        env = {"PATH": "/usr/bin"},
        layers = [name + "_layer"],
    )

def _archived_index(name):
    _image(name + "_image")
    image_index(
        name = name + "_index",
        images = [name + "_image"],
        platforms = [
            "//platforms:linux_amd64",
            "//platforms:linux_arm64",
        ],
    )
    image_archive(
        name = name,
        image = name + "_index",
    )

def _push(name):
    _image(name + "_image")
    image_push(
        name = name,
        image = name + "_image",
        repository = "registry.example.com/team/" + name,
    )

def _load(name):
    _image(name + "_image")
    image_load(
        name = name,
        image = name + "_image",
        repo_tags = ["localhost/" + name],
    )

def _tar(name):
    native.genrule(
        name = name,
        outs = [name + "_archive/" + name],
        cmd = """
            mkdir -p root/etc root/opt/tool
            echo theirs >root/etc/app.conf
            echo tool >root/opt/tool/tool
            tar -cf $@ -C root .
        """,
    )

def _pairs(name):
    native.genrule(
        name = name,
        outs = [name + ".txt"],
        cmd = "echo KEY=value >$@",
    )

def _arguments(name):
    native.genrule(
        name = name,
        outs = [name + ".txt"],
        cmd = "echo --verbose >$@",
    )

# For attributes that accept any target.
_BY_NAME = {
    "push": _push,
}

def _tests(name):
    native.genrule(
        name = name + "_file",
        outs = [name],
        cmd = """echo '{"schemaVersion": "2.0.0", "metadataTest": {"user": "app"}}' >$@""",
    )

_BY_ATTRIBUTE = {
    "above": _image,
    "after": _image,
    "annotations_file": _pairs,
    "base": _image,
    "before": _image,
    "binary": _program,
    "cmd_file": _arguments,
    "config": _program,
    "configs": _tests,
    "env_file": _pairs,
    "files": _program,
    "image": _image,
    "images": _image,
    "src": _archived_index,
    "labels_file": _pairs,
    "layers": _layer,
    "loads": _load,
    "over": _image,
    "pushes": _push,
    "repo_tags_file": _pairs,
    "srcs": _program,
    "subject": _image,
    "tars": _tar,
    "tool": _program,
}
