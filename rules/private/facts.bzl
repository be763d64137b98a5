"""Facts about the layers of an image, for rules that look into it.

A rule that needs them has `aspects = [layer_facts]` on the attribute with the image, and gets a `LayerFactsInfo`. The aspect
declares the actions at the target that declares the layer, so all users of a layer share one action, and an image that nothing
looks into costs nothing.
"""

load(":base_blobs.bzl", "split_targets")
load(":conda_package.bzl", "CondaPackageInfo")
load(":facts_actions.bzl", "list_base", "list_layer")
load(":providers.bzl", "ImageInfo", "IndexInfo", "LayerInfo", "LayersInfo")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

LayerFactsInfo = provider(
    doc = "What is known about the layers of a target.",
    fields = {
        "bases": """(tuple[struct]) The imported bases of an image, whose layers are not in `layers`. Each has `directory` (File, as
            in ImageInfo.blobs), `listing` (File with the listings of all its layers) and `packages` (File or None).""",
        "images": "(tuple[LayerFactsInfo]) The facts of the images of an index, in their order. Empty for other targets.",
        "layers": """(tuple[struct]) The layers, in the order of ImageInfo.layers, or of LayersInfo. Each has `descriptor` (File),
            `blob` (File, or None if the build does not have the layer's bytes), `blob_known` (bool: whether it has them), `listing`
            (File, or None without the bytes) and `packages` (File or None). Empty for an index.""",
    },
)

# The attributes that lead from an image to its layers.
_EDGES = ["above", "actual", "base", "env", "image", "images", "layers", "noarch_packages", "packages", "program", "srcs"]

def _deps(ctx):
    """Returns the facts of the targets that a rule depends on."""
    found = []
    for name in _EDGES:
        value = getattr(ctx.rule.attr, name, None)
        for dep in value if type(value) == "list" else [value]:
            if type(dep) == "Target" and LayerFactsInfo in dep:
                found.append(dep[LayerFactsInfo])
    return found

def _remember(deps):
    """Returns the facts in a list of LayerFactsInfo as a dict whose keys are a layer's descriptor and blob, or a directory."""
    known = {}
    for info in deps:
        for each in [info] + list(info.images):
            known.update({(facts.descriptor, facts.blob): facts for facts in each.layers})
            known.update({facts.directory: facts for facts in each.bases})
    return known

def _layers(state, infos):
    """Returns the facts of several LayerInfo, and declares those that no dependency has."""
    for layer in infos:
        key = (layer.descriptor, layer.blob)
        if key in state.known:
            continue
        listing = None
        if layer.blob:
            listing = _declare_listing(state)
            list_layer(state.ctx, layer, listing)
        state.known[key] = struct(
            blob = layer.blob,
            blob_known = layer.blob != None,
            descriptor = layer.descriptor,
            listing = listing,
            packages = None,
        )
    return tuple([state.known[(layer.descriptor, layer.blob)] for layer in infos])

def _bases(state, image):
    """Returns the facts of the imported bases of an image, and declares those that no dependency has."""
    directories = image.blobs.to_list()  # at most one
    for directory in directories:
        if directory not in state.known:
            listing = _declare_listing(state)
            list_base(state.ctx, image, directory, listing)
            state.known[directory] = struct(directory = directory, listing = listing, packages = None)
    return tuple([state.known[directory] for directory in directories])

def _declare_listing(state):
    """Declares the File for a listing."""
    state.declared.append(None)
    name = state.ctx.label.name
    if not state.single:
        name += ".facts/%d" % len(state.declared)
    return state.ctx.actions.declare_file(name + ".listing.jsonl.zst")

def _image(state, image):
    return LayerFactsInfo(bases = _bases(state, image), images = (), layers = _layers(state, image.layers))

def _forwarded(deps):
    """Returns the facts for a target that has no layers, like a `filegroup` of an image."""
    if len(deps) == 1:
        return deps
    layers = [layer for info in deps for layer in info.layers]
    return [LayerFactsInfo(bases = (), images = (), layers = tuple(layers))] if layers else []

def _impl(target, ctx):
    deps = _deps(ctx)
    state = struct(ctx = ctx, declared = [], known = _remember(deps), single = LayerInfo in target or CondaPackageInfo in target)
    if ImageInfo in target:
        return [_image(state, target[ImageInfo])]
    if IndexInfo in target:
        images = [_image(state, image) for image in target[IndexInfo].images]
        return [LayerFactsInfo(bases = (), images = tuple(images), layers = ())]
    if LayerInfo in target:
        layers = [target[LayerInfo]]
    elif LayersInfo in target:
        layers = target[LayersInfo].layers
    elif CondaPackageInfo in target:
        layers = [target[CondaPackageInfo].layer]
    else:
        return _forwarded(deps)
    return [LayerFactsInfo(bases = (), images = (), layers = _layers(state, layers))]

layer_facts = aspect(
    implementation = _impl,
    attr_aspects = _EDGES,
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)

def image_facts(target):
    """Returns the facts of the images of a target.

    Args:
      target: A target with ImageInfo or IndexInfo, to which layer_facts applies.

    Returns:
      list of LayerFactsInfo: one for an image, and one per image for an index, in its order.
    """
    facts = target[LayerFactsInfo]
    return list(facts.images) if IndexInfo in target else [facts]

def image_facts_with_blobs(ctx, attribute = "image"):
    """Is like image_facts, with the facts of layers of locked bases.

    Args:
      ctx: The rule's context.
      attribute: The attribute with the image, of the cfg with_base_blobs.

    Returns:
      list of LayerFactsInfo.
    """
    current, with_bytes = split_targets(ctx, attribute)
    found = image_facts(current)
    if not with_bytes:
        return found
    return [
        LayerFactsInfo(
            bases = facts.bases,
            images = (),
            layers = tuple([
                layer if layer.blob_known else complete.layers[number]
                for number, layer in enumerate(facts.layers)
            ]),
        )
        for facts, complete in zip(found, image_facts(with_bytes))
    ]
