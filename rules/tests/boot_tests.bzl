"""image_boot and the init process of image_rootfs."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:defs.bzl", "image", "image_boot", "image_layer", "image_rootfs")
load("//rules:providers.bzl", "RootfsInfo")
load(":actions.bzl", "flags", "only", "written_arguments")
load(":refusal.bzl", "refusal")

visibility("private")

_ARM64 = {"//command_line_option:platforms": str(Label("@rules_go//go/toolchain:linux_arm64"))}

def _init_impl(ctx):
    env = analysistest.begin(ctx)
    action = only(env, "MkRootfs")
    asserts.equals(env, ["BIN/rules/vminit"], flags(action, "init"))
    asserts.equals(env, ["vm"], flags(action, "hostname"))
    asserts.true(env, "vminit" in [file.basename for file in action.inputs.to_list()], "the init process is not an input")
    info = analysistest.target_under_test(env)[RootfsInfo]
    asserts.equals(
        env,
        ("arm64", "boot_ext4.ext4", "ext4", True),
        (info.architecture, info.file.basename, info.format, info.init),
    )
    return analysistest.end(env)

_init_test = analysistest.make(_init_impl, config_settings = _ARM64)

def _plain_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.equals(env, [], flags(only(env, "MkRootfs"), "init"))
    asserts.equals(env, [], flags(only(env, "MkRootfs"), "hostname"))
    asserts.false(env, analysistest.target_under_test(env)[RootfsInfo].init)
    return analysistest.end(env)

_plain_test = analysistest.make(_plain_impl)

def _boot_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    place = "%runfiles%/" + ctx.workspace_name + "/"
    lines = written_arguments(env)
    asserts.equals(env, [
        "--target=//rules/tests:boot_ext4_boot",
        "--arch=arm64",
        "--disk=virtio",
        "--format=ext4",
        "--kernel-arg=quiet",
        "--kernel-arg=a=b",
        "--memory=256",
        "--port=8080:80",
        "--port=5353:53/udp",
    ], [line for line in lines if place not in line])
    links = [link.path for link in target[DefaultInfo].default_runfiles.symlinks.to_list()]
    found = [line.partition("=" + place) for line in lines if place in line]
    asserts.equals(env, ["--kernel", "--rootfs"], [flag for flag, _, _ in found])
    for flag, _, path in found:
        asserts.true(env, path in links, "%s: %s is not among the runfiles" % (flag, path))
    asserts.equals(env, ["b=c.txt", "boot_ext4.ext4"], [path.split("/")[-1] for _, _, path in found])
    return analysistest.end(env)

_boot_test = analysistest.make(_boot_impl, config_settings = _ARM64)

def boot_tests(name):
    """Declares the tests of image_boot and of the init process of image_rootfs.

    Args:
      name: Name of the test suite.
    """
    image_layer(name = "boot_layer", files = {"/a": "data/a.txt"})
    image(name = "boot_image", cmd = ["/a"], layers = ["boot_layer"])
    common = {"image": "boot_image", "tags": ["manual"]}
    image_rootfs(name = "boot_plain", format = "ext4", **common)
    for format in ["ext4", "tar"]:
        image_rootfs(name = "boot_" + format, format = format, hostname = "vm", init = "//rules:vminit", **common)
    image_boot(
        name = "boot_ext4_boot",
        disk = "virtio",
        kernel = "data/b=c.txt",
        kernel_args = ["quiet", "a=b"],
        memory = 256,
        ports = ["8080:80", "5353:53/udp"],
        rootfs = "boot_ext4",
        tags = ["manual"],
    )
    _init_test(name = "boot_init_test", target_under_test = "boot_ext4")
    _plain_test(name = "boot_plain_test", target_under_test = "boot_plain")
    _boot_test(name = "boot_arguments_test", target_under_test = "boot_ext4_boot")
    refused = [
        refusal(
            image_boot,
            name = "boot_refused_" + rootfs,
            message = [":boot_refused_%s: attribute rootfs: " % rootfs] + message,
            kernel = "data/a.txt",
            rootfs = "boot_" + rootfs,
        )
        for rootfs, message in {
            "plain": [":boot_plain has no init process", 'Set its attribute init = "@rules_strata//rules:vminit".'],
            "tar": ["a machine cannot start from the format tar of", ":boot_tar.", "Expected cpio, erofs, ext4 or squashfs."],
        }.items()
    ]
    refused.append(refusal(
        image_rootfs,
        name = "boot_refused_hostname",
        message = [":boot_refused_hostname: attribute hostname: only an init process sets it."],
        format = "ext4",
        hostname = "vm",
        image = "boot_image",
    ))
    native.test_suite(name = name, tests = refused + ["boot_init_test", "boot_plain_test", "boot_arguments_test"])
