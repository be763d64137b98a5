"""image_boot: boots the root file system of an image as a virtual machine."""

load(":launcher.bzl", "program", "program_arguments")
load(":providers.bzl", "RootfsInfo")
load(":run_tools.bzl", "RUN_ON_HOST")

visibility(["//rules/..."])

_NO_INIT = """{label}: attribute rootfs: {rootfs} has no init process that starts the image's program.
Set its attribute init = "@rules_strata//rules:vminit"."""

_FORMAT = """{label}: attribute rootfs: a machine cannot start from the format {format} of {rootfs}.
Expected cpio, erofs, ext4 or squashfs."""

_NO_ARCHITECTURE = """{label}: attribute rootfs: the architecture of {rootfs} is unknown.
Build for a platform with a constraint of @platforms//cpu."""

def _impl(ctx):
    rootfs = ctx.attr.rootfs[RootfsInfo]
    for wrong, text in [
        (not rootfs.init, _NO_INIT),
        (rootfs.format == "tar", _FORMAT),
        (not rootfs.architecture, _NO_ARCHITECTURE),
    ]:
        if wrong:
            fail(text.format(format = rootfs.format, label = ctx.label, rootfs = ctx.attr.rootfs.label))
    return [program(ctx, "boot", program_arguments(
        ctx,
        {
            "arch": rootfs.architecture,
            "disk": ctx.attr.disk,
            "format": rootfs.format,
            "kernel-arg": ctx.attr.kernel_args,
            "memory": str(ctx.attr.memory),
            "port": ctx.attr.ports,
        },
        files = {
            "kernel": [ctx.file.kernel],
            "rootfs": [rootfs.file],
        },
    ))]

image_boot = rule(
    doc = """Boots the root file system of an image as a virtual machine with `bazel run //:boot`, in QEMU.

The console is standard output, and the exit code is that of the image's program. Ctrl-C sends the program its stop signal.
The machine's memory holds all changes, so each start is from the same files. `bazel run //:boot -- --help` lists the flags, for
example `--port` for further ports, and `--accel=tcg` where KVM does not work.

QEMU must be installed. docs/rootfs.md has a complete example, and what the kernel needs.""",
    implementation = _impl,
    attrs = RUN_ON_HOST | {
        "disk": attr.string(
            doc = """Device that the root file system is on, unless its format is cpio: `nvme` or `virtio`. The kernel needs the
driver built in.""",
            default = "nvme",
            values = ["nvme", "virtio"],
        ),
        "kernel": attr.label(
            doc = "Linux kernel for the machine, such as a distribution's `vmlinuz`.",
            allow_single_file = True,
            mandatory = True,
        ),
        "kernel_args": attr.string_list(
            doc = "Words to append to the kernel's command line.",
        ),
        "memory": attr.int(
            doc = "Size of the memory in MiB.",
            default = 512,
        ),
        "ports": attr.string_list(
            doc = "Ports of 127.0.0.1 to forward to the machine, as `HOST:GUEST` or `HOST:GUEST/udp`.",
        ),
        "rootfs": attr.label(
            doc = "`image_rootfs` with an `init`, in the format cpio, erofs, ext4 or squashfs.",
            mandatory = True,
            providers = [RootfsInfo],
        ),
    },
    executable = True,
)
