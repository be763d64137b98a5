"""image_rootfs: writes the root file system of an image."""

load(":base_blobs.bzl", "contents_with_blobs", "with_base_blobs")
load(":base_setting.bzl", "without_base_blobs")
load(":configuration.bzl", "CONFIGURATION_ATTRS")
load(":contents.bzl", "IMAGE_OR_INDEX")
load(":forwarded.bzl", "forwarded_image")
load(":platform.bzl", "target_platform")
load(":providers.bzl", "IndexInfo", "LayerInfo", "LayersInfo", "RootfsInfo", "layers_of", "platform_of")
load(":rootfs_actions.bzl", "make_rootfs")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")
load(":variants.bzl", "format_platform", "suitable")

visibility(["//rules/..."])

# The attributes that each format has.
_FORMATS = {
    "cpio": ["compression", "compression_level", "drop_xattrs"],
    "erofs": ["label", "uuid"],
    "ext4": ["disk_size", "free", "label", "uuid"],
    "squashfs": ["compression", "compression_level"],
    "tar": ["compression", "compression_level"],
}

_SUFFIXES = {"": "", "gzip": ".gz", "none": "", "zstd": ".zst"}

_NOT_FOR_FORMAT = """{label}: attribute {attribute}: the format {format} does not have it.
It is for {formats}."""

_SIZE_AND_FREE = """{label}: attributes disk_size and free: set only one of them.
Without disk_size, the image is as large as its contents and the free space."""

_UNCOMPRESSED = """{label}: attribute compression: squashfs is always compressed.
Set "gzip" or "zstd", or format = "erofs"."""

_LEVEL_ALONE = """{label}: attribute compression_level: there is nothing to compress.
Set compression, too: "gzip" or "zstd"."""

_HOSTNAME_ALONE = """{label}: attribute hostname: only an init process sets it.
Set init = "@rules_strata//rules:vminit", too."""

def _check(label, attr):
    for attribute in ["compression", "compression_level", "disk_size", "drop_xattrs", "free", "label", "uuid"]:
        value = getattr(attr, attribute)
        if value and value != "none" and attribute not in _FORMATS[attr.format]:
            formats = [name for name, attributes in _FORMATS.items() if attribute in attributes]
            fail(_NOT_FOR_FORMAT.format(
                attribute = attribute,
                format = attr.format,
                formats = " and ".join([", ".join(formats[:-1])][:len(formats) - 1] + formats[-1:]),
                label = label,
            ))
    if attr.disk_size and attr.free:
        fail(_SIZE_AND_FREE.format(label = label))
    if attr.format == "squashfs":
        if attr.compression == "none":
            fail(_UNCOMPRESSED.format(label = label))
    elif attr.compression_level and attr.compression in ["", "none"]:
        fail(_LEVEL_ALONE.format(label = label))
    if attr.hostname and not attr.init:
        fail(_HOSTNAME_ALONE.format(label = label))

def _platform(ctx):
    """Returns the platform of the image to take from an index, or an empty string if the target platform is unknown."""
    if ctx.attr.platform:
        return ctx.attr.platform
    target = target_platform(ctx)
    image = ctx.split_attr.image.values()[0]
    if IndexInfo in image:
        # The tool takes exactly this platform, but an image for a lower variant is suitable, too.
        platforms = [platform_of(one) for one in image[IndexInfo].images]
        fit = suitable(platforms, target)
        if fit:
            return platforms[fit[0]]
    return format_platform(target) or ""

def _impl(ctx):
    attr = ctx.attr
    _check(ctx.label, attr)
    platform = _platform(ctx)
    suffix = "" if attr.format == "squashfs" else _SUFFIXES[attr.compression]
    rootfs = ctx.actions.declare_file("%s.%s%s" % (ctx.label.name, attr.format, suffix))
    digest = ctx.actions.declare_file(ctx.label.name + ".digest")
    make_rootfs(
        ctx,
        contents_with_blobs(ctx),
        {
            "compression": attr.compression,
            "drop-xattrs": "true" if attr.drop_xattrs else "",
            "format": attr.format,
            "free": attr.free,
            "hostname": attr.hostname,
            "label": attr.label,
            "level": attr.compression_level,
            "platform": platform,
            "size": attr.disk_size,
            "uuid": attr.uuid,
        },
        layers_of(attr.layers),
        ctx.executable.init,
        rootfs,
        digest,
    )
    return [
        RootfsInfo(
            architecture = platform.partition("/")[2].partition("/")[0],
            file = rootfs,
            format = attr.format,
            init = bool(attr.init),
        ),
        DefaultInfo(files = depset([rootfs])),
        OutputGroupInfo(digest = depset([digest])),
    ]

image_rootfs = rule(
    doc = """Writes the file system that a container of an image starts with, as one file: `NAME.FORMAT`. A compressed archive
has `.gz` or `.zst` after it.

It needs no root rights and mounts nothing. Modes, owners, times, hard links, devices and extended attributes are those that the
layers of the image merge into; what a format cannot store is an error. The bytes depend only on the merged files and the
attributes, not on the machine or on how files are spread over layers. The output group `digest` has the file's digest.

The layers of a locked base are fetched from their registry. docs/rootfs.md shows how to boot the result.""",
    implementation = _impl,
    attrs = CONFIGURATION_ATTRS | {
        "compression": attr.string(
            doc = """`gzip`, `zstd` or `none`. For tar and cpio: of the archive; defaults to `none`. For squashfs: of its blocks;
defaults to `zstd`, which Linux 4.14 and later read.""",
            values = _SUFFIXES.keys(),
        ),
        "compression_level": attr.int(
            doc = "1 to 9 for gzip, 1 to 19 for zstd. 0 means 6 for gzip and 3 for zstd.",
        ),
        "disk_size": attr.string(
            doc = """For ext4: size of the file, as a number of bytes or like `2G`. It must be a multiple of 4096. Defaults to the
contents and `free`, rounded up to 1M.""",
        ),
        "drop_xattrs": attr.bool(
            doc = """For cpio, which has no extended attributes: leave them out. Programs then lose their file capabilities. By
default, extended attributes are an error.""",
        ),
        "format": attr.string(
            doc = """`tar`; `cpio`, an initramfs in the newc format; `ext4`, a file system image without a journal;
`erofs`, a read-only file system image, uncompressed, for Linux 5.4 and later; or `squashfs`, a read-only file system image,
compressed.""",
            mandatory = True,
            values = _FORMATS.keys(),
        ),
        "free": attr.string(
            doc = "For ext4 without `disk_size`: space for new files, as a number of bytes or like `512M`. Defaults to `64M`.",
        ),
        "hostname": attr.string(
            doc = "With `init`: name of the machine.",
        ),
        "image": attr.label(
            doc = "The `image` or `image_index`.",
            mandatory = True,
            cfg = with_base_blobs,
            aspects = [forwarded_image],
            providers = IMAGE_OR_INDEX,
        ),
        "init": attr.label(
            doc = """Program that starts the image's program in a virtual machine: `@rules_strata//rules:vminit`, or one that
reads `/.strata/run.json` as it does. It becomes `/.strata/init`, and missing mount points are added. By default, the file
system contains exactly the image's files. See docs/rootfs.md.""",
            allow_files = True,
            cfg = "target",
            executable = True,
        ),
        "label": attr.string(
            doc = "For ext4 and erofs: name of the file system, of at most 16 bytes.",
        ),
        "layers": attr.label_list(
            doc = """Layers to put on top of the image in this file system only, lowest first, for example with an `/init`:
`image_layer` and `image_binary_layers` targets.""",
            cfg = without_base_blobs,
            providers = [[LayerInfo], [LayersInfo]],
        ),
        "platform": attr.string(
            doc = """Platform of the image to take from an index, like `linux/arm64`. Defaults to the target platform. An `image` is
taken whatever its platform.""",
        ),
        "uuid": attr.string(
            doc = "For ext4 and erofs: UUID of the file system. Defaults to one that is derived from the contents.",
        ),
    },
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
