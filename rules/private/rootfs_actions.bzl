"""The actions that merge the layers of an image: into a root file system, or into one layer."""

load(":contents.bzl", "add_contents")
load(":paths.bzl", "escape")
load(":run_tool.bzl", "merging", "new_args", "run_tool")

visibility(["//rules/..."])

def make_rootfs(ctx, contents, settings, layers, init, rootfs, digest):
    """Declares the action that writes the root file system of an image.

    Args:
      ctx: The rule's context.
      contents: The contents as returned by contents.bzl, of an image or an index.
      settings: dict from flag of mkrootfs to its value. Empty ones are omitted.
      layers: list of LayerInfo to put on top.
      init: The File with the init process, or None.
      rootfs: The File to write.
      digest: The File for its digest.
    """
    args = new_args(ctx)
    add_contents(args, contents)
    for flag, value in settings.items():
        if value:
            args.add("--%s=%s" % (flag, value))
    args.add_all(layers, map_each = _extra_flag)
    if init:
        args.add(init, format = "--init=%s")
    args.add(rootfs, format = "--output=%s")
    args.add(digest, format = "--digest=%s")
    files = [file for layer in layers for file in (layer.blob, layer.descriptor)] + ([init] if init else [])
    run_tool(
        ctx,
        "mkrootfs",
        args,
        inputs = depset(files, transitive = [contents.files]),
        outputs = [rootfs, digest],
        mnemonic = "MkRootfs",
        progress_message = "Writing root file system %{label}",
        resource_set = merging,
    )

def _extra_flag(layer):
    return "--extra=%s=%s" % (escape(layer.descriptor.path), layer.blob.path)

def make_squash(ctx, contents, above, packing, outputs):
    """Declares the action that merges the layers of an image into one layer.

    Args:
      ctx: The rule's context.
      contents: The contents as returned by contents.bzl, of an image.
      above: ImageInfo of the image whose layers are kept, or None.
      packing: struct of compression and level.
      outputs: struct of the Files blob, layer (its descriptor), shape, config, manifest, descriptor and digest.
    """
    args = new_args(ctx)
    add_contents(args, contents)
    if above:
        args.add(above.manifest, format = "--above=%s")
    args.add(packing.compression, format = "--compression=%s")
    args.add(packing.level, format = "--level=%s")
    args.add(outputs.blob, format = "--output=%s")
    args.add(outputs.layer, format = "--layer-descriptor=%s")
    args.add(outputs.shape, format = "--shape=%s")
    args.add(outputs.config, format = "--config=%s")
    args.add(outputs.manifest, format = "--manifest=%s")
    args.add(outputs.descriptor, format = "--descriptor=%s")
    args.add(outputs.digest, format = "--digest=%s")
    run_tool(
        ctx,
        "mksquash",
        args,
        inputs = depset([above.manifest] if above else [], transitive = [contents.files]),
        outputs = [
            outputs.blob,
            outputs.layer,
            outputs.shape,
            outputs.config,
            outputs.manifest,
            outputs.descriptor,
            outputs.digest,
        ],
        mnemonic = "MkSquash",
        progress_message = "Merging layers of image %{label}",
        resource_set = merging,
    )
