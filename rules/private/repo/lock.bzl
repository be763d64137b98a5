"""Reads images.lock.json. The Go package lockfile writes it and checks it more thoroughly."""

load(":blob_repository.bzl", "blob_repository_name")

visibility(["//rules/..."])

def read_lock(ctx, label):
    """Reads a lock file.

    Args:
      ctx: repository_ctx or module_ctx.
      label: Label of the file.

    Returns:
      The decoded file, a dict.
    """
    path = ctx.path(label)
    ctx.watch(path)
    if not path.exists:
        fail("%s: lock file not found; create it with: bazel run @rules_strata//rules:lock -- add NAME REFERENCE" % label)
    lock = json.decode(ctx.read(path), default = None)
    if type(lock) != "dict" or lock.get("version") != 1:
        fail("%s: not a lock file of version 1; " % label +
             "bazel run @rules_strata//rules:lock -- verify --offline explains the problem")
    return lock

def text_of(document):
    """Returns the bytes of a document."""
    return "".join(document["text"])

def shape_text(entry):
    """Returns the bytes of the shape of a platform's layers, or None if it is not in the lock file.

    Args:
      entry: The platform's entry in the lock file.

    Returns:
      The text, or None.
    """
    return "".join(entry["shape"]) if entry.get("shape") else None

def sources_of(image):
    """Returns the repositories that contain the layers of an image.

    Args:
      image: The image's entry in the lock file.

    Returns:
      list of "registry/repository", in order of preference.
    """
    return image.get("mirrors", []) + [repository_of(image["reference"])]

def repository_of(reference):
    """Returns the repository of a full image name: "registry/repository" without a tag or digest."""
    registry, _, path = reference.partition("@")[0].partition("/")
    return registry + "/" + path.partition(":")[0]

def system_of(image, digest):
    """Returns the system requirements of a manifest that are only in an index, for locked_image.

    Args:
      image: The image's entry in the lock file.
      digest: The digest of the manifest.

    Returns:
      dict with those of cpu_features, os_features and os_version that an index contains.
    """
    for index in image.get("indexes", []):
        for child in json.decode(text_of(index))["manifests"]:
            platform = child.get("platform")
            if child["digest"] == digest and platform:
                return system_stated(platform)
    return {}

def system_stated(platform):
    """Returns the system requirements in a descriptor's platform, beyond the platform's name, for locked_image.

    Args:
      platform: dict from an index.

    Returns:
      dict with those of cpu_features, os_features and os_version that are set.
    """
    stated = {
        "cpu_features": platform.get("features"),
        "os_features": platform.get("os.features"),
        "os_version": platform.get("os.version"),
    }
    return {key: value for key, value in stated.items() if value}

def layers_of(image):
    """Returns the layers of all platforms of an image: dict from hexadecimal digest to the descriptor in the manifest."""
    return {
        layer["digest"].removeprefix("sha256:"): layer
        for platform in image["platforms"].values()
        for layer in json.decode(text_of(platform["manifest"]))["layers"]
    }

def blob_attrs(locks):
    """Returns the attributes of all blob repositories.

    Args:
      locks: list of lock files.

    Returns:
      dict from the name of a blob repository to its attributes.
    """
    blobs = {}
    for lock in locks:
        for name, image in lock["images"].items():
            for sha256, layer in layers_of(image).items():
                blob = blobs.setdefault(blob_repository_name(sha256), {
                    "images": "@" + name,
                    "registries": {},
                    "sha256": sha256,
                    "sources": [],
                    "urls": layer.get("urls", []),
                })
                for source in sources_of(image):
                    if source not in blob["sources"]:
                        blob["sources"].append(source)
                        registry = source.partition("/")[0]
                        blob["registries"][registry] = json.encode(lock["registries"][registry])
    return blobs
