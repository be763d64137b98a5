"""The contents of an image or an index, and the flags that pass them to tools.

The tools that need bytes (mklayout, push, load) share five flags, which the Go package imageflags parses.
"""

load(":paths.bzl", "escape")
load(":providers.bzl", "ArtifactInfo", "ImageInfo", "IndexInfo", "blobs_of")

visibility(["//rules/..."])

# The `providers` of an attribute that accepts an image or an index.
IMAGE_OR_INDEX = [[ImageInfo], [IndexInfo]]

# The `providers` of an attribute that accepts an artifact, too.
ANY_CONTENTS = IMAGE_OR_INDEX + [[ArtifactInfo]]

_ARTIFACT = "{label}: attribute {attribute}: {target} is an artifact, not an image: {reason}"

def refuse_artifact(ctx, attribute, reason):
    """Fails if an attribute of the rule is an artifact. Its `providers` must be ANY_CONTENTS or include ArtifactInfo.

    Args:
      ctx: The rule's context.
      attribute: Name of the attribute, a label or a dict of labels.
      reason: Why the rule needs an image, and what to do.
    """
    value = getattr(ctx.attr, attribute)
    targets = value.values() if type(value) == "dict" else [value] if value else []
    for target in [target for target in targets if ArtifactInfo in target]:
        fail(_ARTIFACT.format(attribute = attribute, label = ctx.label, reason = reason, target = target.label))

def contents_of(target):
    """Returns the contents of a target.

    Args:
      target: A target with ImageInfo, IndexInfo or ArtifactInfo.

    Returns:
      struct as returned by image_contents.
    """
    if ArtifactInfo in target:
        return artifact_contents(target[ArtifactInfo])
    if ImageInfo in target:
        return image_contents(target[ImageInfo])
    return index_contents(target[IndexInfo])

def image_contents(image):
    """Returns the contents of an image.

    Args:
      image: ImageInfo.

    Returns:
      struct of root (the File with the descriptor of the image or index), documents (list of small Files: manifests, configs,
      indexes), layers (depset of LayerInfo), blobs (depset as in ImageInfo), files (depset of all these Files) and lazy
      (whether files lacks the layers, see lazily).
    """
    documents = [image.manifest, image.config]
    return struct(
        root = image.descriptor,
        documents = documents,
        layers = depset(image.layers),
        blobs = image.blobs,
        files = depset(
            [image.descriptor] + documents + _layer_files(image.layers) + _blob_files(image.blobs),
        ),
        lazy = False,
    )

def artifact_contents(artifact):
    """Returns the contents of an ArtifactInfo, a struct like that of image_contents whose layers are the files."""
    documents = [artifact.manifest] + list(artifact.documents)
    return struct(
        root = artifact.descriptor,
        documents = documents,
        layers = depset(artifact.files),
        blobs = depset(),
        files = depset([artifact.descriptor] + documents + _layer_files(artifact.files)),
        lazy = False,
    )

def with_artifacts(contents, artifacts):
    """Returns the contents together with those of artifacts, a list of ArtifactInfo. The root stays the same."""
    more = [artifact_contents(artifact) for artifact in artifacts]
    return struct(
        root = contents.root,
        documents = contents.documents + [document for each in more for document in each.documents],
        layers = depset(transitive = [each.layers for each in [contents] + more]),
        blobs = contents.blobs,
        files = depset(transitive = [each.files for each in [contents] + more]),
        lazy = False,
    )

def index_contents(index):
    """Returns the contents of an IndexInfo, a struct like that of image_contents."""
    images = [image_contents(image) for image in index.images]
    return struct(
        root = index.descriptor,
        documents = [index.index] + [document for image in images for document in image.documents],
        layers = depset(transitive = [image.layers for image in images]),
        blobs = depset(transitive = [image.blobs for image in images] + [blobs_of(index)]),
        files = depset(
            [index.descriptor, index.index] + _blob_files(blobs_of(index)),
            transitive = [image.files for image in images],
        ),
        lazy = False,
    )

def merged_contents(contents):
    """Returns the contents of several images together: a struct like that of image_contents, whose root is None.

    Args:
      contents: list of contents, none of them lazy.

    Returns:
      struct like that of image_contents.
    """
    return struct(
        root = None,
        documents = {document: None for each in contents for document in each.documents}.keys(),
        layers = depset(transitive = [each.layers for each in contents]),
        blobs = depset(transitive = [each.blobs for each in contents]),
        files = depset(transitive = [each.files for each in contents]),
        lazy = False,
    )

def with_layers(contents, layers):
    """Returns the contents with different LayerInfos for the same layers."""
    return struct(
        root = contents.root,
        documents = contents.documents,
        layers = layers,
        blobs = contents.blobs,
        files = depset(
            [contents.root] + contents.documents + _layer_files(layers.to_list()) +  # a few per layer and platform
            _blob_files(contents.blobs),
        ),
        lazy = False,
    )

def without_layers(contents, target):
    """Returns the contents without the bytes of layers.

    Args:
      contents: The contents of the target.
      target: A target with ImageInfo or IndexInfo.

    Returns:
      struct like that of image_contents. Its layers are those that are only in a registry. Of an imported index, it still has the
      images that the target does not name, whose documents are unknown before the build.
    """
    layers = [layer for layer in contents.layers.to_list() if not layer.blob]  # a few per layer and platform
    blobs = blobs_of(target[IndexInfo]) if IndexInfo in target else depset()
    return struct(
        root = contents.root,
        documents = contents.documents,
        layers = depset(layers),
        blobs = blobs,
        files = depset([contents.root] + contents.documents + _layer_files(layers) + _blob_files(blobs)),
        lazy = False,
    )

def lazily(contents):
    """Returns the contents without the blobs of layers that the build creates.

    The build creates the blobs anyway, because the same action writes the descriptor, but Bazel does not download them if
    they are in a remote cache.
    """
    layers = contents.layers.to_list()  # a few per layer and platform
    return struct(
        root = contents.root,
        documents = contents.documents,
        layers = contents.layers,
        blobs = contents.blobs,
        files = depset(
            [contents.root] + contents.documents + [layer.descriptor for layer in layers] +
            [layer.blob for layer in layers if layer.blob and layer.blob.is_source] + _blob_files(contents.blobs),
        ),
        lazy = True,
    )

def _layer_files(layers):
    return [file for layer in layers for file in (layer.blob, layer.descriptor) if file]

def _blob_files(blobs):
    return [file for each in blobs.to_list() for file in (each.directory, each.source) if file]  # a few per base

def add_contents(args, contents, roots = []):
    """Adds the contents to the Args of an action.

    Args:
      args: Args to add flags to.
      contents: The contents as returned by image_contents.
      roots: list of structs of name and root, for the contents of several images.
    """
    if contents.root:
        args.add(contents.root, format = "--root=%s")
    if roots:
        args.add_all(roots, map_each = _root_flag)
    args.add_all(contents.documents, format_each = "--document=%s")
    args.add_all(contents.layers, map_each = _layer_flag)
    if contents.blobs:
        args.add_all(contents.blobs, map_each = blobs_flag)

def _root_flag(image):
    return "--image=%s=%s" % (escape(image.name), image.root.path)

def _layer_flag(layer):
    if not layer.blob:
        return "--remote-layer=" + layer.descriptor.path
    return "--layer=%s=%s" % (escape(layer.descriptor.path), layer.blob.path)

def blobs_flag(blobs):
    """Returns the flag (Go: package imageflags) for a struct in `blobs` of ImageInfo."""
    source = "=" + blobs.source.path if blobs.source else ""
    return "--blobs=" + escape(blobs.directory.path) + source

def add_runfiles_contents(args, contents, workspace, roots = []):
    """Adds the contents to the Args that a program reads from its runfiles at run time (Go: package launch).

    The paths are those in contents_runfiles.

    Args:
      args: Args to add flags to.
      contents: The contents as returned by image_contents.
      workspace: Name of the main repository's runfiles.
      roots: list of structs of name and root, for the contents of several images.
    """

    def path(file):
        return "%runfiles%/" + workspace + "/" + file.path

    def layer_flag(layer):
        if not layer.blob:
            return "--remote-layer=" + path(layer.descriptor)
        blob = "%execroot%/" + layer.blob.path if contents.lazy and not layer.blob.is_source else path(layer.blob)
        return "--layer=%s=%s" % (escape(path(layer.descriptor)), blob)

    def runfile_blobs_flag(blobs):
        source = "=" + path(blobs.source) if blobs.source else ""
        return "--blobs=" + escape(path(blobs.directory)) + source

    def root_flag(image):
        return "--image=%s=%s" % (escape(image.name), path(image.root))

    root = [contents.root] if contents.root else []
    args.add_all(root, map_each = lambda file: "--root=" + path(file), allow_closure = True)
    args.add_all(roots, map_each = root_flag, allow_closure = True)
    args.add_all(contents.documents, map_each = lambda file: "--document=" + path(file), allow_closure = True)
    args.add_all(contents.layers, map_each = layer_flag, allow_closure = True)
    args.add_all(contents.blobs, map_each = runfile_blobs_flag, allow_closure = True)

def contents_runfiles(ctx, contents):
    """Returns runfiles with the contents, each File at its path in the execution root.

    The default path of a runfile, short_path, would not be unique: the images of an index are built in several
    configurations.

    Args:
      ctx: The rule's context.
      contents: The contents as returned by image_contents.

    Returns:
      runfiles.
    """
    return ctx.runfiles(symlinks = {
        file.path: file
        for file in contents.files.to_list()  # a few per layer and platform
    })
