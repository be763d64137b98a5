"""Origins: which target each path of an image comes from, written at analysis.

An aspect reads the actions that make layers. It writes their command lines, which have image paths and Files, and the owners of
these Files. No File is an input, so nothing is built. The Go package tools/internal/facts/origins reads the result.
"""

load(":facts.bzl", "LAYER_EDGES")
load(":providers.bzl", "ImageInfo", "IndexInfo", "LayerInfo", "LayersInfo", "layers_of", "platform_of", "shapes_of")

visibility(["//rules/..."])

# The output groups: the origins, and the archives whose contents layers have.
ORIGINS_GROUP = "strata_origins"
ARCHIVES_GROUP = "strata_archives"

LayerOriginsInfo = provider(
    doc = "Where the layers of a target and its dependencies come from.",
    fields = {
        "images": """(depset[struct]) For each image with a base, manifest, the File, and bases, a tuple of structs of label, manifest
            and config (Files), the nearest first.""",
        "index": "(File) Which files have the origins of each layer of each image, or None for a target without layers.",
        "layers": """(depset[struct]) For each layer key, the File with its descriptor, or the directory with the layers of an
            imported base; and tuples of Files: files, its origins, followed by those of the layers that it merges; arguments,
            which are beside them; archives, whose contents it has; documents, which describe it.""",
    },
)

# Attributes that lead from an image to its layers, and to the documents of a locked one.
_EDGES = LAYER_EDGES + ["documents"]

# Attributes that list archives.
_ARCHIVES = ["debs", "layers", "tars"]

# Extensions of archives that are packages.
_PACKAGES = ["bz2", "conda", "deb"]

# The actions that write a tar for a layer of the same target.
_WRITERS = ["MkCertificates", "MkLdconfig", "MkUsers"]

# The actions that make a layer from a command line with its contents.
_MAKERS = ["MkLayer", "MkCondaLayer", "MkCondaEnvironment"]

def _targets(value):
    """Returns the Targets in the value of an attribute."""
    values = value.values() if type(value) == "dict" else value if type(value) == "list" else [value]
    return [target for target in values if type(target) == "Target"]

def _owner(file):
    return "owner\t%s\t%s" % (file.path, file.owner)

def _archives(target, attr, action):
    """Returns the archives among the inputs of an action as a list of structs of attribute, file and label."""
    if action.mnemonic == "MkCondaLayer":
        return [
            struct(attribute = "", file = file, label = file.owner)
            for file in action.inputs.to_list()  # the packages
            if file.extension in ["bz2", "conda"]
        ]
    if not getattr(attr, "base", None):
        # Files that the rule itself writes. With a base, its layers would have to be read.
        own = [
            struct(attribute = "", file = file, label = target.label)
            for other in target.actions
            if other.mnemonic in _WRITERS
            for file in other.outputs.to_list()
        ]
        if own:
            return own
    return [
        struct(attribute = name, file = file, label = target.label)
        for name in _ARCHIVES
        for target in _targets(getattr(attr, name, None))
        if LayerInfo not in target and LayersInfo not in target and DefaultInfo in target
        for file in target[DefaultInfo].files.to_list()  # a few per layer
    ]

def _python(action):
    """Returns the file that describes the Python of an environment as a list, for packages whose paths depend on it."""
    if action.mnemonic != "MkCondaLayer":
        return []
    return [file for file in action.inputs.to_list() if file.extension == "json"]

def _items(attr):
    """Returns lines with the places that attributes of a layer state for its targets."""
    files = getattr(attr, "files", None)
    if type(files) == "dict":
        directory = getattr(attr, "package_dir", "").rstrip("/")
        return [
            "item\tfiles\t%s\t%s" % (directory + path, target.label)
            for path, target in files.items()
            if type(target) == "Target" and "\t" not in path and "\n" not in path
        ]
    binary = getattr(attr, "binary", None)
    return ["item\tbinary\t\t%s" % target.label for target in _targets(binary)]

def _write(ctx, key, kind, label, lines = [], inputs = None, arguments = None):
    """Writes the origins of a layer, and returns a struct for LayerOriginsInfo.

    Args:
      ctx: The aspect's context.
      key: The File that identifies the layer.
      kind: The mnemonic of the action that makes the layer.
      label: The label of the target that users know.
      lines: list of further lines.
      inputs: depset of the Files whose owners are written, or None.
      arguments: Args of the action, or None.

    Returns:
      struct.
    """
    file = ctx.actions.declare_file(key.basename + ".origins", sibling = key)
    args = ctx.actions.args()
    args.set_param_file_format("multiline")
    args.add("kind\t" + kind)
    args.add("label\t%s" % label)
    args.add_all(lines)
    if inputs:
        args.add_all(inputs, map_each = _owner, expand_directories = False)
    ctx.actions.write(file, args)
    written = []
    if arguments:
        written.append(ctx.actions.declare_file(key.basename + ".origins.args", sibling = key))
        ctx.actions.write(written[0], arguments)
    return struct(key = key, files = (file,), arguments = tuple(written), archives = (), documents = ())

def _own_layers(ctx, target, known):
    """Returns the layers that the target's actions make. Known is a dict from key to the structs of dependencies."""
    label = target.label
    found = []
    for action in target.actions:
        outputs = action.outputs.to_list()
        descriptors = [file for file in outputs if file.basename.endswith(".layer.json")]
        if action.mnemonic in _MAKERS and descriptors:
            archives = _archives(target, ctx.rule.attr, action)
            lines = _items(ctx.rule.attr) + [
                "archive\t%s\t%s\t%s" % (archive.attribute, archive.file.path, archive.label)
                for archive in archives
            ]
            layer = _write(ctx, descriptors[0], action.mnemonic, label, lines, action.inputs, action.args[-1])
            found.append(_with(
                layer,
                archives = tuple([archive.file for archive in archives]),
                documents = tuple(_python(action)),
            ))
        elif action.mnemonic == "MkSquash" and descriptors:
            found.append(_merged(_write(ctx, descriptors[0], action.mnemonic, label), ctx.rule.attr, known))
        elif action.mnemonic == "MkBase":
            image = label.relative(":" + label.name.removesuffix(".documents"))
            for file in outputs:
                if ".layer_" in file.basename:
                    found.append(_with(_write(ctx, file, action.mnemonic, image), documents = (file,)))
        elif action.mnemonic == "MkImport":
            found += [_write(ctx, file, action.mnemonic, label) for file in outputs if file.is_directory]
    return found

def _with(layer, files = (), arguments = (), archives = (), documents = ()):
    return struct(
        key = layer.key,
        archives = layer.archives + archives,
        arguments = layer.arguments + arguments,
        documents = layer.documents + documents,
        files = layer.files + files,
    )

def _merged(layer, attr, known):
    """Returns the struct of a squashed layer with the files of the layers that it merges."""
    kept = {
        key: None
        for target in _targets(attr.above)
        if ImageInfo in target
        for key in _keys(target[ImageInfo])
    }
    for key in _keys(_targets(attr.image)[0][ImageInfo]):
        inner = known.get(key)
        if inner and key not in kept:
            layer = _with(layer, inner.files, inner.arguments, inner.archives, inner.documents)
    return layer

def _keys(image):
    """Returns the keys of an image's layers, lowest first."""
    return [blobs.directory for blobs in image.blobs.to_list()] + [layer.descriptor for layer in image.layers]

def _layer_line(layer):
    return "\t".join(["layer", layer.key.path] + [file.path for file in layer.files])

def _index(ctx, images, known, label):
    """Writes the index: which files have the origins of each layer of each image.

    Args:
      ctx: The aspect's context.
      images: list of structs of platform, keys (list of Files) and shapes (list of Files).
      known: dict from key to struct of LayerOriginsInfo.
      label: Label of the target.

    Returns:
      File.
    """
    args = ctx.actions.args()
    args.set_param_file_format("multiline")
    for image in images:
        args.add("image\t%s\t%s" % (image.platform or "", label))
        args.add_all(image.shapes, format_each = "shape\t%s")
        args.add_all(
            [known.get(key) or struct(key = key, files = ()) for key in image.keys],
            map_each = _layer_line,
        )
    index = ctx.actions.declare_file(ctx.label.name + ".origins")
    ctx.actions.write(index, args)
    return index

def _described(image):
    """Returns an image for _index. Shapes that only the action of a layer writes are left out: nothing must build a layer."""
    built = {layer.shape: None for layer in image.layers if getattr(layer, "shape", None)}
    return struct(
        keys = _keys(image),
        platform = platform_of(image),
        shapes = [shape for shape in shapes_of(image) if shape not in built],
    )

def _images_of(target, deps):
    """Returns the images of a target or, for a target that has none itself, those of its only dependency with some."""
    for each in [target] + (deps if len(deps) == 1 else []):
        if ImageInfo in each:
            return [_described(each[ImageInfo])]
        if IndexInfo in each:
            return [_described(image) for image in each[IndexInfo].images]
        if LayerInfo in each or LayersInfo in each:
            keys = [layer.descriptor for layer in layers_of([each])]
            return [struct(keys = keys, platform = None, shapes = [])]
    return []

def _with_bases(target, attr, below):
    """Returns the bases of a target, if it is an image with a base, as a list of at most one struct for LayerOriginsInfo."""
    if ImageInfo not in target:
        return []
    keys = _keys(target[ImageInfo])
    for base in _targets(getattr(attr, "base", None)):
        images = [base[ImageInfo]] if ImageInfo in base else list(base[IndexInfo].images) if IndexInfo in base else []
        for image in images:
            if keys[:len(_keys(image))] == _keys(image):
                nearest = struct(label = base.label, manifest = image.manifest, config = image.config)
                return [struct(manifest = target[ImageInfo].manifest, bases = (nearest,) + _bases_in(below, image))]
    return []

def _bases_in(images, image):
    """Returns the bases of an image, among those of a depset as in LayerOriginsInfo."""
    for known in images.to_list():  # one per image
        if known.manifest == image.manifest:
            return known.bases
    return ()

def origins_of(target, image):
    """Returns the origins of an image.

    Args:
      target: The Target, with the aspect layer_origins.
      image: Its ImageInfo.

    Returns:
      struct of layers, the structs of LayerOriginsInfo in the order of the image, and bases, a tuple of structs, the nearest
      first.
    """
    info = target[LayerOriginsInfo]
    known = {layer.key: layer for layer in info.layers.to_list()}  # a few per layer and platform
    return struct(
        bases = _bases_in(info.images, image),
        layers = [known[key] for key in _keys(image) if key in known],
    )

def package_origins(target):
    """Returns what states the origins of files with metadata of packages.

    Args:
      target: The Target, an image or an index, with the aspect layer_origins.

    Returns:
      struct of index, as in LayerOriginsInfo, and files, a depset of the Files that it names. Tars are not among them: they may
      be as large as layers.
    """
    groups = target[OutputGroupInfo]
    packages = [
        file
        for file in groups[ARCHIVES_GROUP].to_list()  # a few per layer and platform
        if file.extension in _PACKAGES
    ]
    return struct(index = target[LayerOriginsInfo].index, files = depset(packages, transitive = [groups[ORIGINS_GROUP]]))

def _impl(target, ctx):
    deps = [
        dep
        for name in _EDGES
        for dep in _targets(getattr(ctx.rule.attr, name, None))
        if LayerOriginsInfo in dep
    ]
    below = depset(transitive = [dep[LayerOriginsInfo].layers for dep in deps])
    known = {layer.key: layer for layer in below.to_list()}  # a few per layer and platform
    images_below = depset(transitive = [dep[LayerOriginsInfo].images for dep in deps])
    own = _own_layers(ctx, target, known)
    known.update({layer.key: layer for layer in own})
    images = _images_of(target, deps)
    groups, index = {}, None
    if images:
        index = _index(ctx, images, known, target.label)
        used = [known[key] for image in images for key in image.keys if key in known]
        groups[ORIGINS_GROUP] = depset(
            [index] +
            [file for layer in used for file in layer.files + layer.arguments + layer.documents] +
            [shape for image in images for shape in image.shapes],
        )
        groups[ARCHIVES_GROUP] = depset([file for layer in used for file in layer.archives])
    return [
        LayerOriginsInfo(
            index = index,
            images = depset(_with_bases(target, ctx.rule.attr, images_below), transitive = [images_below]),
            layers = depset(own, transitive = [below]),
        ),
        OutputGroupInfo(**groups),
    ]

layer_origins = aspect(
    doc = "Writes where the contents of layers come from.",
    implementation = _impl,
    attr_aspects = _EDGES,
)
