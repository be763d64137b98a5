"""The actions that collect facts about layers."""

load(":contents.bzl", "blobs_flag")
load(":paths.bzl", "escape")
load(":run_tool.bzl", "copying", "new_args", "run_tool", "small")
load(":sbom_actions.bzl", "label_text")

visibility(["//rules/..."])

def list_layer(ctx, layer, listing, packages):
    """Declares the action that lists the entries and the packages of a layer.

    Args:
      ctx: The context of the aspect.
      layer: LayerInfo with a blob.
      listing: The File to write.
      packages: The File to write the metadata of packages to.
    """
    _list(ctx, _layer_input(ctx, layer), listing, packages)

def list_base(ctx, image, blobs, listing, packages):
    """Declares the action that lists the entries and the packages of the layers of an imported base.

    Args:
      ctx: The context of the aspect.
      image: ImageInfo of an image with the base.
      blobs: Where the base's layers are, as in ImageInfo.blobs.
      listing: The File to write.
      packages: The File to write the metadata of packages to.
    """
    _list(ctx, _base_input(ctx, image, blobs), listing, packages)

def _list(ctx, input, listing, packages):
    input.args.add(listing, format = "--output=%s")
    input.args.add(packages, format = "--packages=%s")
    run_tool(
        ctx,
        "mklisting",
        input.args,
        inputs = input.files,
        outputs = [listing, packages],
        mnemonic = "MkListing",
        progress_message = "Listing layers of %{label}",
        resource_set = copying,
    )

def check_layer(ctx, layer, check):
    """Declares the action that checks the blob of a layer.

    Args:
      ctx: The context of the aspect.
      layer: LayerInfo with a blob.
      check: The File to write.
    """
    _check(ctx, _layer_input(ctx, layer), check)

def check_base(ctx, image, blobs, check):
    """Declares the action that checks the layers of an imported base.

    Args:
      ctx: The context of the aspect.
      image: ImageInfo of an image with the base.
      blobs: Where the base's layers are, as in ImageInfo.blobs.
      check: The File to write.
    """
    _check(ctx, _base_input(ctx, image, blobs), check)

def _check(ctx, input, check):
    input.args.add(check, format = "--output=%s")
    run_tool(
        ctx,
        "mkcheck",
        input.args,
        inputs = input.files,
        outputs = [check],
        mnemonic = "MkCheck",
        progress_message = "Checking layers of %{label}",
        resource_set = copying,
    )

def check_policy(ctx, policy, target, image, listings, packages, checked):
    """Declares the action that checks an image against a policy.

    Args:
      ctx: The rule's context.
      policy: The File with the policy.
      target: The label of the image as users type it.
      image: ImageInfo.
      listings: list of Files with the listings of layers, empty if no rule needs them.
      packages: list of Files with the metadata of packages, empty if no rule needs them.
      checked: The File to write.
    """
    args = new_args(ctx)
    layers = depset([layer.descriptor for layer in image.layers])
    args.add(policy, format = "--policy=%s")
    args.add(target, format = "--target=%s")
    args.add(image.config, format = "--config=%s")
    args.add(image.manifest, format = "--manifest=%s")
    args.add_all(layers, map_each = _labelled_layer_flag)
    args.add_all(depset(listings), format_each = "--listing=%s")
    args.add_all(depset(packages), format_each = "--packages=%s")
    args.add(checked, format = "--output=%s")
    run_tool(
        ctx,
        "mkpolicy",
        args,
        inputs = depset([policy, image.config, image.manifest] + listings + packages, transitive = [layers]),
        outputs = [checked],
        mnemonic = "MkPolicy",
        progress_message = "Checking policy of image %{label}",
        resource_set = small,
    )

def _layer_input(ctx, layer):
    """Returns the Args and Files (Go: package layerflags) for one layer."""
    args = new_args(ctx)
    args.add_all([layer], map_each = _layer_flag)
    return struct(args = args, files = [layer.descriptor, layer.blob])

def _labelled_layer_flag(file):
    return "--layer=%s=%s" % (escape(label_text(file.owner)), file.path)

def _layer_flag(layer):
    return "--layer=%s=%s" % (escape(layer.descriptor.path), layer.blob.path)

def _base_input(ctx, image, blobs):
    """Returns the Args and Files for the layers of an imported base."""
    args = new_args(ctx)
    args.add(image.manifest, format = "--manifest=%s")
    args.add(image.config, format = "--config=%s")
    args.add_all([blobs], map_each = blobs_flag)
    return struct(args = args, files = [image.manifest, image.config] + [file for file in [blobs.directory, blobs.source] if file])
