"""What the rules tell each other. This file loads nothing."""

visibility(["//rules/..."])

LayerInfo = provider(
    doc = "One layer of an image.",
    fields = {
        "blob": """(File) The layer as a registry stores it: a tar, compressed or not. None where it is in a registry only: a
            layer of a locked base in a build that needs no bytes. The descriptor then has `sources`.""",
        "descriptor": """(File) What an image needs to know of the blob, as JSON: the layer's OCI descriptor plus `diff_id`,
            `uncompressed_size` and, for a layer made here, `history`: a line on what is in it. That of a layer which is in
            a registry has `sources` too, a list of repositories, the best first, like `registry.example.com/team/base`. No
            rule that makes metadata reads the blob.""",
    },
)

LayersInfo = provider(
    doc = "Several layers of an image that belong together.",
    fields = {"layers": "(tuple[LayerInfo]) The layers, lowest first."},
)

def layers_of(targets):
    """Returns the layers that targets with LayerInfo or LayersInfo stand for, as a list, lowest first."""
    return [
        layer
        for target in targets
        for layer in ([target[LayerInfo]] if LayerInfo in target else target[LayersInfo].layers)
    ]

ImageInfo = provider(
    doc = "An image for one platform.",
    fields = {
        "config": "(File) The config: a JSON document as image-spec's config.md defines it. Its bytes are its identity.",
        "manifest": "(File) The manifest: a JSON document as image-spec's manifest.md defines it. Its bytes are its identity.",
        "descriptor": "(File) The OCI descriptor of the manifest, as JSON, with the image's platform.",
        "layers": """(tuple[LayerInfo]) The layers that were built and those of a locked base, lowest first. Those of an
            imported base are not among them: their number is not known before the build.""",
        "blobs": "(depset[File]) Directories that hold the layers of an imported base, each as `sha256/HEX`.",
    },
)

IndexInfo = provider(
    doc = "An image index: one image for each of several platforms.",
    fields = {
        "index": "(File) The index: a JSON document as image-spec's image-index.md defines it. Its bytes are its identity.",
        "descriptor": "(File) The OCI descriptor of the index, as JSON.",
        "images": "(tuple[ImageInfo]) The images, in the order of the index.",
    },
)

PushInfo = provider(
    doc = "An image on its way to a repository, for rules that use it by its name, like those for deployments.",
    fields = {
        "reference": "(File) The name that the image has once it is pushed, `REPOSITORY@DIGEST`, without a line feed.",
        "repository": "(string) The repository as the BUILD file says it, variables and all; empty if it is in a file.",
        "arguments": "(File) The arguments of the program that pushes, one a line.",
        "runfiles": "(runfiles) What these arguments name.",
    },
)

PushesInfo = provider(
    doc = "Several images on their way.",
    fields = {"pushes": "(tuple[PushInfo]) The pushes, in the order in which they are told of."},
)
