"""image_rootfs and image_squash: one action each, with all bytes of the image."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:defs.bzl", "image", "image_import", "image_index", "image_layer", "image_rootfs", "image_squash")
load("//rules:providers.bzl", "ImageInfo")
load(":actions.bzl", "flags", "input_names", "only")
load(":refusal.bzl", "refusal")

visibility("private")

_FLAGS = [
    "format",
    "compression",
    "level",
    "drop-xattrs",
    "free",
    "label",
    "platform",
    "size",
    "uuid",
    "extra",
    "output",
    "digest",
]

def _rootfs_impl(ctx):
    env = analysistest.begin(ctx)
    action = only(env, "MkRootfs")
    asserts.equals(env, ctx.attr.flags, [
        "%s=%s" % (flag, value)
        for flag in _FLAGS
        for value in flags(action, flag)
    ])
    for name in ctx.attr.inputs:
        asserts.true(env, name in input_names(action), "%s is not an input" % name)
    target = analysistest.target_under_test(env)
    asserts.equals(env, [ctx.attr.output], [file.basename for file in target[DefaultInfo].files.to_list()])
    digests = target[OutputGroupInfo].digest.to_list()
    asserts.equals(env, [ctx.label.name.removesuffix("_test") + ".digest"], [file.basename for file in digests])
    return analysistest.end(env)

_rootfs_test = analysistest.make(
    _rootfs_impl,
    attrs = {
        "flags": attr.string_list(),
        "inputs": attr.string_list(),
        "output": attr.string(),
    },
    config_settings = {"//command_line_option:platforms": str(Label("@rules_go//go/toolchain:linux_arm64"))},
)

def _squash_impl(ctx):
    env = analysistest.begin(ctx)
    action = only(env, "MkSquash")
    for flag, value in ctx.attr.flags.items():
        asserts.equals(env, [value] if value else [], flags(action, flag), flag)
    info = analysistest.target_under_test(env)[ImageInfo]
    asserts.equals(env, ctx.attr.layers, [layer.blob.basename for layer in info.layers])
    asserts.equals(env, ctx.attr.shapes, [shape.basename for shape in info.shapes])
    asserts.equals(env, ctx.attr.blobs, [each.directory.basename for each in info.blobs.to_list()])
    for name in ["rootfs_layer.tar.gz", "rootfs_base.blobs", "a.txt"]:
        asserts.true(env, name in input_names(action), "%s is not an input" % name)
    return analysistest.end(env)

_squash_test = analysistest.make(_squash_impl, attrs = {
    "blobs": attr.string_list(),
    "flags": attr.string_dict(),
    "layers": attr.string_list(),
    "shapes": attr.string_list(),
})

def _rootfs_tests():
    image_index(
        name = "rootfs_index",
        images = ["rootfs_image"],
        platforms = ["@rules_go//go/toolchain:linux_arm64"],
        tags = ["manual"],
    )
    common = {"image": "rootfs_image", "tags": ["manual"]}
    image_rootfs(name = "rootfs_tar", format = "tar", compression = "zstd", compression_level = 5, **common)
    image_rootfs(name = "rootfs_cpio", format = "cpio", compression = "gzip", drop_xattrs = True, **common)
    image_rootfs(
        name = "rootfs_ext4",
        format = "ext4",
        free = "1G",
        label = "root",
        layers = ["rootfs_layer"],
        uuid = "01234567-89ab-cdef-0123-456789abcdef",
        **common
    )
    image_rootfs(name = "rootfs_erofs", format = "erofs", image = "rootfs_index", platform = "linux/amd64", tags = ["manual"])
    image_rootfs(name = "rootfs_squashfs", format = "squashfs", compression = "gzip", compression_level = 9, **common)
    image_rootfs(name = "rootfs_default", format = "squashfs", **common)
    for name, (suffix, expected) in {
        "cpio": ("cpio.gz", ["format=cpio", "compression=gzip", "drop-xattrs=true", "platform=linux/arm64"]),
        "default": ("squashfs", ["format=squashfs", "platform=linux/arm64"]),
        "erofs": ("erofs", ["format=erofs", "platform=linux/amd64"]),
        "ext4": ("ext4", [
            "format=ext4",
            "free=1G",
            "label=root",
            "platform=linux/arm64",
            "uuid=01234567-89ab-cdef-0123-456789abcdef",
            "extra=BIN/rules/tests/rootfs_layer.layer.json=BIN/rules/tests/rootfs_layer.tar.gz",
        ]),
        "squashfs": ("squashfs", ["format=squashfs", "compression=gzip", "level=9", "platform=linux/arm64"]),
        "tar": ("tar.zst", ["format=tar", "compression=zstd", "level=5", "platform=linux/arm64"]),
    }.items():
        output = "BIN/rules/tests/rootfs_%s." % name
        _rootfs_test(
            name = "rootfs_%s_test" % name,
            flags = expected + ["output=" + output + suffix, "digest=" + output + "digest"],
            inputs = ["rootfs_base.blobs", "a.txt", "rootfs_layer.tar.gz", "rootfs_image.config.json"],
            output = "rootfs_%s.%s" % (name, suffix),
            target_under_test = "rootfs_" + name,
        )
    return ["rootfs_%s_test" % name for name in ["cpio", "default", "erofs", "ext4", "squashfs", "tar"]]

def _squash_tests():
    image_squash(name = "squash_all", compression = "zstd", image = "rootfs_image", tags = ["manual"])
    _squash_test(
        name = "squash_all_test",
        flags = {"above": "", "compression": "zstd", "level": "0"},
        layers = ["squash_all.tar.zst"],
        shapes = ["squash_all.shape.json"],
        target_under_test = "squash_all",
    )
    image_squash(name = "squash_above", above = "rootfs_base", compression_level = 9, image = "rootfs_image", tags = ["manual"])
    _squash_test(
        name = "squash_above_test",
        blobs = ["rootfs_base.blobs"],
        flags = {"above": "BIN/rules/tests/rootfs_base.manifest.json", "compression": "gzip", "level": "9"},
        layers = ["squash_above.tar.gz"],
        shapes = ["rootfs_base.shape.json", "squash_above.shape.json"],
        target_under_test = "squash_above",
    )
    return ["squash_all_test", "squash_above_test"]

def rootfs_tests(name):
    """Declares the tests of image_rootfs and image_squash.

    Args:
      name: Name of the test suite.
    """
    image_import(name = "rootfs_base", src = "data/a.txt", tags = ["manual"])
    image_layer(name = "rootfs_layer", files = {"/a": "data/a.txt"})
    image(name = "rootfs_image", base = "rootfs_base", layers = ["rootfs_layer"], tags = ["manual"])
    refused = []
    for number, (attributes, message) in enumerate([
        ({"compression": "gzip", "format": "ext4"}, ["attribute compression: the format ext4 does not have it.", "It is for cpio, squashfs and tar."]),
        ({"drop_xattrs": True, "format": "tar"}, ["attribute drop_xattrs: the format tar", "It is for cpio."]),
        ({"format": "erofs", "free": "1M"}, ["attribute free: the format erofs", "It is for ext4."]),
        ({"format": "cpio", "label": "x"}, ["attribute label: the format cpio", "It is for erofs and ext4."]),
        ({"compression": "none", "format": "squashfs"}, ["attribute compression: squashfs is always compressed.", "or format = \"erofs\"."]),
        ({"format": "squashfs", "uuid": "x"}, ["attribute uuid: the format squashfs does not have it."]),
        ({"disk_size": "1G", "format": "ext4", "free": "1M"}, ["attributes disk_size and free: set only one of them."]),
        ({"compression_level": 3, "format": "tar"}, ["attribute compression_level: there is nothing to compress."]),
    ]):
        refused.append(refusal(
            image_rootfs,
            name = "rootfs_refused_%d" % number,
            message = [":rootfs_refused_%d: " % number] + message,
            image = "rootfs_image",
            **attributes
        ))
    native.test_suite(name = name, tests = refused + _rootfs_tests() + _squash_tests())
