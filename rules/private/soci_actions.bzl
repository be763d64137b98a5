"""The action that adds zTOCs to images."""

load(":paths.bzl", "escape")
load(":providers.bzl", "ztoc_of")
load(":run_tool.bzl", "copying", "new_args", "run_tool")

visibility(["//rules/..."])

def make_soci(ctx, images, index, min_layer_size, outputs):
    """Declares the action that adds zTOCs to images and writes the index of both.

    Args:
      ctx: The rule's context.
      images: list of ImageInfo.
      index: The File with the index that lists them, or None.
      min_layer_size: Size in bytes below which layers are left out.
      outputs: struct of the Files document, descriptor and digest of the index, blobs (a directory), and images, a list of
        structs of the Files descriptor and manifest.
    """
    layers = depset([layer for image in images for layer in image.layers if ztoc_of(layer)])
    args = new_args(ctx)
    args.add_all(images, map_each = _image_flag)
    args.add_all(outputs.images, map_each = _output_flag)
    args.add_all(layers, map_each = _ztoc_flag)
    if index:
        args.add(index, format = "--index=%s")
    args.add(min_layer_size, format = "--min-layer-size=%s")
    args.add_all([outputs.blobs], format_each = "--blobs=%s", expand_directories = False)
    args.add(outputs.document, format = "--output=%s")
    args.add(outputs.descriptor, format = "--descriptor=%s")
    args.add(outputs.digest, format = "--digest=%s")
    run_tool(
        ctx,
        "mksoci",
        args,
        inputs = [file for image in images for file in (image.descriptor, image.manifest)] +
                 [file for layer in layers.to_list() for file in (layer.descriptor, layer.ztoc)] +  # a few per image
                 ([index] if index else []),
        outputs = [outputs.document, outputs.descriptor, outputs.digest, outputs.blobs] +
                  [file for image in outputs.images for file in (image.descriptor, image.manifest)],
        mnemonic = "MkSoci",
        progress_message = "Adding zTOCs to image %{label}",
        resource_set = copying,
    )

def _image_flag(image):
    return "--image=%s=%s" % (escape(image.descriptor.path), image.manifest.path)

def _output_flag(image):
    return "--image-output=%s=%s" % (escape(image.descriptor.path), image.manifest.path)

def _ztoc_flag(layer):
    return "--ztoc=%s=%s" % (escape(layer.descriptor.path), layer.ztoc.path)
