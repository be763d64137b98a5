"""image_from_binary: from a program to an image, in one call."""

load(":binary_layers.bzl", "image_binary_layers")
load(":image.bzl", "image")
load(":index.bzl", "image_index")

visibility(["//rules/..."])

# The attributes of the layers. All others are those of the image.
_LAYERS = [
    "compression",
    "compression_level",
    "groups",
    "max_layers",
    "modes",
    "mtime",
    "mtimes",
    "owner_names",
    "owners",
    "path",
    "runfiles",
    "xattrs",
]

# The attributes that an index has as well.
_INDEX = [
    "annotations",
    "annotations_file",
    "stamp",
]

# The attributes of all rules that apply to each target.
_COMMON = [
    "compatible_with",
    "deprecation",
    "exec_compatible_with",
    "features",
    "restricted_to",
    "target_compatible_with",
    "testonly",
]

def _only(values, names):
    return {name: values[name] for name in names if name in values}

def image_from_binary(name, binary, base = None, layers = [], platforms = None, visibility = None, tags = None, **kwargs):
    """Builds an image that runs a program: the executable target of any ruleset, with its runfiles.

    The image's `entrypoint` is the program, `cmd` has the `args` of its target, and `env` the environment that its rule sets;
    the image's own `entrypoint`, `cmd` and `env` take precedence. See docs/languages.md.

        image_from_binary(
            name = "image",
            binary = ":server",
            base = "@debian",
        )

    Makes the targets `NAME_layers`, an `image_binary_layers`, and `NAME`, an `image`. With `platforms`, `NAME` is an
    `image_index`, and `NAME_image` the image that it builds for each platform. `NAME.digest` is a label in both cases.

    Args:
      name: Name of the image or the index.
      binary: The program.
      base: The base image, as in `image`.
      layers: Layers on top of the program's, as in `image`.
      platforms: Platforms to build the image for, as in `image_index`. If unset, there is no index.
      visibility: Visibility of all targets.
      tags: Tags of all targets. `NAME_layers` and `NAME_image` are also tagged `manual`.
      **kwargs: Further attributes: `compression`, `compression_level`, `groups`, `max_layers`, `modes`, `mtime`, `mtimes`,
        `owner_names`, `owners`, `path`, `runfiles` and `xattrs` are those of `image_binary_layers`; `annotations` and
        `annotations_file` apply to the image and the index; all others are those of `image`, like `env`, `labels`, `user`,
        `workdir` and `exposed_ports`.
    """
    common = _only(kwargs, _COMMON) | {"visibility": visibility}
    tags = tags or []
    part = common | {"tags": tags + ["manual"]}
    image_binary_layers(name = name + "_layers", binary = binary, **(part | _only(kwargs, _LAYERS)))
    image_attrs = {key: value for key, value in kwargs.items() if key not in _LAYERS} | {
        "base": base,
        "layers": layers,
        "program": name + "_layers",
    }
    if not platforms:
        image(name = name, **(image_attrs | common | {"tags": tags}))
        return
    image(name = name + "_image", **(image_attrs | part))
    image_index(
        name = name,
        images = [name + "_image"],
        platforms = platforms,
        **(_only(kwargs, _INDEX) | common | {"tags": tags})
    )
