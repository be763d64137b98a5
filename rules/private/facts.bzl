"""Facts about the layers of an image, for rules that look into it.

A rule that needs them has `aspects = [forwarded_image, layer_facts]` on the attribute with the image. The aspect
declares the actions at the target that declares the layer, so all users of a layer share one action, and an image that nothing
looks into costs nothing.
"""

load(":base_blobs.bzl", "split_targets")
load(":conda_package.bzl", "CondaPackageInfo")
load(":facts_actions.bzl", "check_base", "check_layer", "list_base", "list_layer")
load(":providers.bzl", "ImageInfo", "IndexInfo", "LayerInfo", "LayersInfo")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

LayerFactsInfo = provider(
    doc = "What is known about the layers of a target.",
    fields = {
        "bases": """(tuple[struct]) The imported bases of an image, whose layers are not in `layers`. Each has `directory` (File, as
            in ImageInfo.blobs), `listing` (File with the listings of all its layers), `check` (File with what the validator finds in them)
            and `packages` (File with the metadata of packages in them, see the Go package packages).""",
        "images": "(tuple[LayerFactsInfo]) The facts of the images of an index, in their order. Empty for other targets.",
        "layers": """(tuple[struct]) The layers, in the order of ImageInfo.layers, or of LayersInfo. Each has `descriptor` (File),
            `blob` (File, or None if the build does not have the layer's bytes), `blob_known` (bool: whether it has them), `listing`,
            `check` and `packages` (Files, as in `bases`, or None without the bytes). Empty for an index.""",
    },
)

# The attributes that lead from an image to its layers.
LAYER_EDGES = ["above", "actual", "base", "env", "image", "images", "layers", "noarch_packages", "packages", "program", "srcs"]

def _deps(attr):
    """Returns the facts of the targets that a rule with the attributes depends on."""
    found = []
    for name in LAYER_EDGES:
        value = getattr(attr, name, None)
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
        check, listing, packages = None, None, None
        if layer.blob:
            check, listing, packages = _declare_files(state)
            check_layer(state.ctx, layer, check)
            list_layer(state.ctx, layer, listing, packages)
        state.known[key] = struct(
            blob = layer.blob,
            blob_known = layer.blob != None,
            check = check,
            descriptor = layer.descriptor,
            listing = listing,
            packages = packages,
        )
    return tuple([state.known[(layer.descriptor, layer.blob)] for layer in infos])

def _bases(state, image):
    """Returns the facts of the imported bases of an image, and declares those that no dependency has."""
    all = image.blobs.to_list()  # at most one
    for blobs in all:
        if blobs.directory not in state.known:
            check, listing, packages = _declare_files(state)
            check_base(state.ctx, image, blobs, check)
            list_base(state.ctx, image, blobs, listing, packages)
            state.known[blobs.directory] = struct(check = check, directory = blobs.directory, listing = listing, packages = packages)
    return tuple([state.known[blobs.directory] for blobs in all])

def _declare_files(state):
    """Declares the Files for what is checked, for a listing and for packages."""
    state.declared.append(None)
    name = state.ctx.label.name
    if not state.single:
        name += ".%s/%d" % (state.directory, len(state.declared))
    return (
        state.ctx.actions.declare_file(name + ".check.json"),
        state.ctx.actions.declare_file(name + ".listing.jsonl.zst"),
        state.ctx.actions.declare_file(name + ".packages.json"),
    )

def _image(state, image):
    return LayerFactsInfo(bases = _bases(state, image), images = (), layers = _layers(state, image.layers))

def _forwarded(deps):
    """Returns the facts for a target that has no layers, like a `filegroup` of an image."""
    if len(deps) == 1:
        return deps
    layers = [layer for info in deps for layer in info.layers]
    return [LayerFactsInfo(bases = (), images = (), layers = tuple(layers))] if layers else []

def _impl(target, ctx):
    if LayerFactsInfo in target:
        return []  # The target's own rule has declared them, because of a policy.
    deps = _deps(ctx.rule.attr)
    single = LayerInfo in target or CondaPackageInfo in target
    state = struct(ctx = ctx, declared = [], directory = "facts", known = _remember(deps), single = single)
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
    attr_aspects = LAYER_EDGES,
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)

def layers_facts(ctx, layers, single):
    """Returns the facts of the layers that a rule provides, declared as layer_facts would declare them.

    Args:
      ctx: The rule's context. The rule must have the toolchain of the build tools.
      layers: tuple of LayerInfo.
      single: Whether the rule provides a LayerInfo.

    Returns:
      LayerFactsInfo.
    """
    known = _remember(_deps(ctx.attr))
    state = struct(ctx = ctx, declared = [], directory = "facts", known = known, single = single)
    return LayerFactsInfo(bases = (), images = (), layers = _layers(state, layers))

def images_facts(ctx, images, index):
    """Returns the facts of images that a rule imports, declared as layer_facts would declare them.

    Args:
      ctx: The rule's context. The rule must have the toolchain of the build tools.
      images: list of ImageInfo.
      index: Whether the rule provides an IndexInfo.

    Returns:
      LayerFactsInfo.
    """
    state = struct(ctx = ctx, declared = [], directory = "facts", known = {}, single = False)
    infos = [_image(state, image) for image in images]
    return LayerFactsInfo(bases = (), images = tuple(infos), layers = ()) if index else infos[0]

def own_facts(ctx, image, directory):
    """Returns the facts of the image that a rule provides.

    Args:
      ctx: The rule's context. The rule must have the toolchain of the build tools.
      image: ImageInfo of the image.
      directory: Name of the directory for new Files, in one that is named after the target.

    Returns:
      LayerFactsInfo.
    """
    known = _remember(_deps(ctx.attr))
    return _image(struct(ctx = ctx, declared = [], directory = directory, known = known, single = False), image)

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
