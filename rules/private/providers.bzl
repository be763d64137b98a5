"""The providers. This file loads nothing."""

visibility(["//rules/..."])

LayerInfo = provider(
    doc = "One layer of an image.",
    fields = {
        "blob": """(File) The layer as stored in a registry: a tar, compressed or not. None if the layer is only in a
            registry, as for layers of a locked base in a build that does not need their bytes. The descriptor then has
            `sources`.""",
        "descriptor": """(File) Metadata of the blob as JSON: the layer's OCI descriptor plus `diff_id`, `uncompressed_size`
            and, for layers that rules_strata builds, `history`, a line that describes the contents, and `kept` for an archive that
            became the layer unchanged. If the layer is in a registry, it also has `sources`, a list of repositories in order of
            preference, like `registry.example.com/team/base`. Rules that write metadata read this file and never the blob.""",
        "shape": """(File) The layer's directories, symlinks and programs, and the names of its users and groups, as JSON. `image`
            uses it to detect implied parent directories that differ from the same path in a lower layer, programs without their
            interpreter, and an unknown `user`. May be None or absent, which disables these checks. Each layer of a locked base has
            the shape of all of them together.""",
        "ztoc": """(File) The layer's zTOC, a table of SOCI, or an empty file if the layer is not one that mklayer packed with
            gzip. None or absent without the flag `--@rules_strata//rules:soci`, and for layers that mklayer does not write.""",
    },
)

def ztoc_of(layer):
    """Returns the zTOC of a LayerInfo, or None."""
    return getattr(layer, "ztoc", None)

def shape_of(layer):
    """Returns the shape of a LayerInfo, or None: a LayerInfo from another ruleset may lack it."""
    return getattr(layer, "shape", None)

LayersInfo = provider(
    doc = "Several layers that belong together.",
    fields = {"layers": "(tuple[LayerInfo]) The layers, lowest first."},
)

def layers_of(targets):
    """Returns the layers of targets with LayerInfo or LayersInfo as a list, lowest first."""
    return [
        layer
        for target in targets
        for layer in ([target[LayerInfo]] if LayerInfo in target else target[LayersInfo].layers)
    ]

ImageInfo = provider(
    doc = "An image for one platform.",
    fields = {
        "config": "(File) The config, the JSON document defined in image-spec's config.md. Digests depend on its exact bytes.",
        "manifest": "(File) The manifest, the JSON document defined in image-spec's manifest.md. Digests depend on its exact bytes.",
        "descriptor": "(File) The OCI descriptor of the manifest as JSON, including the image's platform.",
        "layers": """(tuple[LayerInfo]) The layers that were built and those of a locked base, lowest first. Does not include
            layers of an imported base, whose number is unknown before the build.""",
        "blobs": """(depset[struct]) Where the layers of an imported base are: structs of `directory`, a File that `mkimport` wrote,
            and `source`, the File that it read. Layers are read from the source; only those of a compressed archive are in the
            directory. If `source` is None, the directory has every blob as `sha256/HEX`.""",
        "shapes": """(tuple[File]) The shapes of the layers, as in LayerInfo, lowest first. One file may describe several
            layers. Unknown shapes are omitted, and the field may be absent.""",
        "platform": """(string) The platform, like `linux/arm/v7`, or None if it is unknown before the build: an `image_import`
            without `platform`, and images on top of it. May be absent.""",
    },
)

def platform_of(image):
    """Returns the platform of an ImageInfo, or None: an ImageInfo from another ruleset may lack it."""
    return getattr(image, "platform", None)

def shapes_of(image):
    """Returns the shapes of an ImageInfo, or an empty tuple: an ImageInfo from another ruleset may lack them."""
    return getattr(image, "shapes", ())

IndexInfo = provider(
    doc = "An image index: images for several platforms.",
    fields = {
        "index": "(File) The index, the JSON document defined in image-spec's image-index.md. Digests depend on its exact bytes.",
        "descriptor": "(File) The OCI descriptor of the index as JSON.",
        "images": """(tuple[ImageInfo]) The images, in the order of the index. If the index is imported, those that its target
            names; the others are in `blobs`.""",
        "blobs": """(depset[struct]) Where everything else is that the index lists, like `blobs` of ImageInfo. Empty for an index that was
            built. May be absent.""",
    },
)

def blobs_of(index):
    """Returns the blobs of an IndexInfo, or an empty depset: an IndexInfo from another ruleset may lack them."""
    return getattr(index, "blobs", depset())

ArtifactInfo = provider(
    doc = "An artifact: files that a registry stores like an image, but that are not one.",
    fields = {
        "manifest": "(File) The manifest, the JSON document defined in image-spec's manifest.md. Digests depend on its exact bytes.",
        "descriptor": "(File) The OCI descriptor of the manifest as JSON, including the artifact's type.",
        "documents": "(tuple[File]) Other small files that the manifest refers to: the config, and the empty object `{}`.",
        "files": """(tuple[LayerInfo]) The files, in the order of the manifest. `blob` is the file itself, `descriptor` has only
            the fields of an OCI descriptor, and `shape` is None.""",
    },
)

PushInfo = provider(
    doc = "A push of an image to a repository, for rules that refer to the pushed image by name, like deployment rules.",
    fields = {
        "reference": """(File) The image's name after the push, `REPOSITORY@DIGEST`, without a trailing newline. None if the push has no
            repository, which must then be given to the program.""",
        "repository": """(string) The repository as in the BUILD file, with Make variables expanded and others not. Empty if it is in a
            file, or if there is none.""",
        "arguments": "(File) The arguments of the push program, one per line, quoted for a shell.",
        "runfiles": "(runfiles) The files that these arguments refer to.",
    },
)

LoadInfo = provider(
    doc = "A load of images into a container engine.",
    fields = {
        "executable": "(File) The program that loads the images.",
        "runfiles": "(runfiles) The program's runfiles.",
        "target": "(Label) The target.",
    },
)

PushesInfo = provider(
    doc = "Several pushes, and loads that run together with them.",
    fields = {
        "loads": "(tuple[LoadInfo]) The loads, in the order in which the targets list them.",
        "pushes": "(tuple[PushInfo]) The pushes, in the order in which the targets list them.",
    },
)

RootfsInfo = provider(
    doc = "The root file system of an image, as one file.",
    fields = {
        "architecture": "(string) The machine's architecture as a GOARCH value, or an empty string if it is unknown.",
        "file": "(File) The file.",
        "format": "(string) Its format: `cpio` (which may be compressed), `erofs`, `ext4`, `squashfs` or `tar`.",
        "init": "(bool) Whether it has an init process, so that a virtual machine can start from it.",
    },
)
