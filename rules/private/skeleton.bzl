"""image_skeleton: a layer with the directories that programs expect."""

load(":packing.bzl", "PACKING_ATTRS", "pack")
load(":paths.bzl", "escape")
load(":policy.bzl", "policy_facts")
load(":providers.bzl", "LayerInfo")
load(":run_tool.bzl", "new_args")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

# Those with a mode other than 0755 are in _MODES.
_DIRS = [
    "/dev",
    "/etc",
    "/home",
    "/proc",
    "/root",
    "/run",
    "/sys",
    "/tmp",
    "/usr/bin",
    "/usr/lib",
    "/usr/local/bin",
    "/usr/sbin",
    "/var/cache",
    "/var/lib",
    "/var/log",
    "/var/tmp",
]

_MODES = {
    "/root": "0700",
    "/tmp": "1777",
    "/var/tmp": "1777",
}

# Directories of programs and libraries, whose names at the root are symlinks.
_MERGED = ["bin", "lib", "lib64", "sbin"]

_HOSTS = """127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
"""

# Engines mount /etc/hosts and /etc/resolv.conf, which these sources read.
_NSSWITCH = """passwd: files
group: files
shadow: files
hosts: files dns
networks: files
protocols: files
services: files
ethers: files
rpc: files
"""

_INVALID_NAME = """{label}: attribute os_release: {name} is not a valid name.
Names consist of A-Z, 0-9 and _, and do not start with a digit; see os-release(5)."""

_INVALID_VALUE = """{label}: attribute os_release: the value of {name} contains a line feed.
Each value is one line; see os-release(5)."""

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"

def _os_release(label, values):
    """Returns the text of an os-release file."""
    lines = []
    for name, value in values.items():
        if name.strip(_ALPHABET + "0123456789") or not name or name[0] not in _ALPHABET:
            fail(_INVALID_NAME.format(label = label, name = repr(name)))
        if "\n" in value:
            fail(_INVALID_VALUE.format(label = label, name = name))
        for special in ["\\", "\"", "$", "`"]:
            value = value.replace(special, "\\" + special)
        lines.append("%s=\"%s\"\n" % (name, value))
    return "".join(lines)

def _impl(ctx):
    args = new_args(ctx)
    args.add_all(_DIRS, format_each = "--dir=%s")
    args.add_all(["--mode=%s=%s" % (path, mode) for path, mode in _MODES.items()])
    symlinks = {"/var/run": "/run"}
    if ctx.attr.merged_usr:
        symlinks.update({"/" + name: "usr/" + name for name in _MERGED})
        args.add("--dir=/usr/lib64")
    files = {"/etc/hosts": _HOSTS, "/etc/nsswitch.conf": _NSSWITCH}
    if ctx.attr.os_release:
        files["/usr/lib/os-release"] = _os_release(ctx.label, ctx.attr.os_release)
        symlinks["/etc/os-release"] = "../usr/lib/os-release"
    args.add_all(["--symlink=%s=%s" % link for link in symlinks.items()])
    inputs = []
    for path, text in files.items():
        file = ctx.actions.declare_file(ctx.label.name + ".files" + path)
        ctx.actions.write(file, text)
        args.add(file, format = "--file=" + escape(path) + "=%s")
        inputs.append(file)
    layer = pack(ctx, ctx.label.name, args, depset(inputs))
    return [
        layer,
        DefaultInfo(files = depset([layer.blob])),
        OutputGroupInfo(descriptor = depset([layer.descriptor])),
    ] + policy_facts(ctx, [layer])

image_skeleton = rule(
    doc = """Builds the lowest layer of an image without a base: the directories that programs expect, and small files.

The directories are those of hier(7) that programs write to or that engines mount, with their usual modes, like 1777 for
`/tmp`. `/etc/nsswitch.conf` makes the C library read files and DNS, and `/etc/hosts` has `localhost`.

Further layers that have files below symlinks like `/lib` need `over = ":skeleton"`. See docs/base-from-scratch.md.""",
    implementation = _impl,
    attrs = PACKING_ATTRS | {
        "merged_usr": attr.bool(
            doc = "Make `/bin`, `/lib`, `/lib64` and `/sbin` symlinks to the directories in `/usr`, like all current distributions.",
            default = True,
        ),
        "os_release": attr.string_dict(
            doc = """Contents of `/etc/os-release`, like `{"ID": "debian", "VERSION_ID": "12"}`. Scanners choose their database of
vulnerabilities by `ID` and `VERSION_ID`. If unset, the layer has no such file.""",
        ),
    },
    provides = [LayerInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
