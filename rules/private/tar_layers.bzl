"""Tar archives that become layers: their flags, and the layers that an image makes of archives among its layers."""

load(":packing.bzl", "pack")
load(":providers.bzl", "ArtifactInfo", "ImageInfo", "IndexInfo", "LayerInfo", "LayersInfo")
load(":run_tool.bzl", "new_args")

visibility(["//rules/..."])

_NOT_A_LAYER = """{label}: attribute layers: {target} {problem}.
layers accepts image_layer, image_binary_layers and conda_layers targets, and tar archives, each of which becomes a layer."""

def add_tars(args, files):
    """Adds the flags for tar archives.

    Args:
      args: Args of mklayer to add flags to.
      files: depset of the archives.
    """
    args.add_all(files, format_each = "--tar=%s", expand_directories = False)

def layers_and_tars(ctx):
    """Returns the layers of an image, and declares the actions for those that are tar archives.

    Args:
      ctx: The rule's context. The rule must have CONFIGURATION_ATTRS, and targets with layers or files in its attribute `layers`.

    Returns:
      list of LayerInfo, lowest first.
    """
    layers = []
    made = {}
    names = {}
    for target in ctx.attr.layers:
        if LayerInfo in target:
            layers.append(target[LayerInfo])
            continue
        if LayersInfo in target:
            layers.extend(target[LayersInfo].layers)
            continue
        for file in _tars(ctx.label, target):
            if file not in made:
                made[file] = _tar_layer(ctx, _name(ctx.label.name, file, names), file)
            layers.append(made[file])
    return layers

def _tars(label, target):
    """Returns the files of a target that has no layers as a list, and fails if they cannot be archives."""
    problem = None
    files = target[DefaultInfo].files.to_list()  # one per layer
    directories = [file.short_path for file in files if file.is_directory]
    if ArtifactInfo in target:
        problem = "is an artifact, not a layer"
    elif ImageInfo in target or IndexInfo in target:
        problem = "is an image, not a layer; use it as the base"
    elif not files:
        problem = "has neither layers nor files"
    elif directories:
        problem = "provides a directory, %s; put it into an image_layer" % directories[0]
    if problem:
        fail(_NOT_A_LAYER.format(label = label, problem = problem, target = target.label))
    return files

def _name(image, file, names):
    """Returns the name of a layer's outputs. It does not change if other layers are added to or removed from the image."""
    name = image + ".layers/" + file.short_path.replace("../", "external/", 1)
    names[name] = names.get(name, 0) + 1
    if names[name] > 1:
        # The same file in another configuration.
        name += ".%d" % names[name]
    return name

def _tar_layer(ctx, name, file):
    """Declares the layer that `image_layer(tars = [file])` builds."""
    args = new_args(ctx)
    files = depset([file])
    add_tars(args, files)
    return pack(ctx, name, args, files, may_be_kept = True)
