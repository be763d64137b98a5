"""The actions that collect facts about layers."""

load(":paths.bzl", "escape")
load(":run_tool.bzl", "copying", "new_args", "run_tool")

visibility(["//rules/..."])

def list_layer(ctx, layer, listing):
    """Declares the action that lists the entries of a layer.

    Args:
      ctx: The context of the aspect.
      layer: LayerInfo with a blob.
      listing: The File to write.
    """
    args = new_args(ctx)
    args.add_all([layer], map_each = _layer_flag)
    _list(ctx, args, [layer.descriptor, layer.blob], listing)

def _layer_flag(layer):
    return "--layer=%s=%s" % (escape(layer.descriptor.path), layer.blob.path)

def list_base(ctx, image, directory, listing):
    """Declares the action that lists the entries of the layers of an imported base.

    Args:
      ctx: The context of the aspect.
      image: ImageInfo of an image with the base.
      directory: The directory with the base's layers.
      listing: The File to write.
    """
    args = new_args(ctx)
    args.add(image.manifest, format = "--manifest=%s")
    args.add(image.config, format = "--config=%s")
    args.add_all([directory], format_each = "--blobs=%s", expand_directories = False)
    _list(ctx, args, [image.manifest, image.config, directory], listing)

def _list(ctx, args, inputs, listing):
    args.add(listing, format = "--output=%s")
    run_tool(
        ctx,
        "mklisting",
        args,
        inputs = inputs,
        outputs = [listing],
        mnemonic = "MkListing",
        progress_message = "Listing layers of %{label}",
        resource_set = copying,
    )
