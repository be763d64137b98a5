"""The repositories of an image without a lock file: one for its documents, and one per platform for the layers."""

load(":build_file.bzl", "build_file", "target_name")
load(":image_repository.bzl", "layer_digests", "unique", "write_documents")
load(":lock.bzl", "repository_of", "system_stated")
load(":registry.bzl", "ADVICE", "fetch", "source")
load(":servers.bzl", "api_host")

visibility(["//rules/..."])

# The platforms if none are set.
DEFAULT_PLATFORMS = ["linux/amd64", "linux/arm64"]

# The OCI and Docker media types of each kind of document.
MEDIA_TYPES = {
    "config": [
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
    ],
    "index": [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ],
    "manifest": [
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ],
}

# Token servers of popular registries. For other registries, the lock file contains the token server.
_TOKEN_SERVERS = {
    "docker.io": ("https://auth.docker.io/token", "registry.docker.io"),
    "ghcr.io": ("https://ghcr.io/token", "ghcr.io"),
    "quay.io": ("https://quay.io/v2/auth", "quay.io"),
    "registry.gitlab.com": ("https://gitlab.com/jwt/auth", "container_registry"),
}

_ATTRS = {
    "platforms": attr.string_list(doc = "The requested platforms."),
    "realm": attr.string(doc = "The token server."),
    "reference": attr.string(mandatory = True, doc = "The image, including its digest."),
    "service": attr.string(doc = "Name of the registry at the token server."),
}

def check_reference(name, reference):
    """Fails for a reference that is incomplete or has no digest.

    Args:
      name: Name of the image.
      reference: The reference.

    Returns:
      The digest.
    """
    problem = reference_problem(name, reference)
    if problem:
        fail("image %s: %s" % (name, problem))
    return reference.partition("@")[2]

def reference_problem(name, reference):
    """Returns the reason why a reference does not permanently identify an image.

    Args:
      name: Name of the image, for hints.
      reference: The reference.

    Returns:
      A message, or None.
    """
    repository, _, digest = reference.partition("@")
    first, _, rest = repository.partition("/")
    how_to_lock = "bazel run @rules_strata//rules:lock -- add %s %s finds it" % (name, repository)
    if not rest or not ("." in first or ":" in first or first == "localhost" or first != first.lower()):
        return ("reference %r: the registry is missing, " % reference +
                "expected REGISTRY/REPOSITORY@sha256:..., like docker.io/library/" + reference)
    if first == "index.docker.io" or first == "docker.io" and "/" not in rest:
        full = reference[len(first) + 1:] if "/" in rest else "library/" + reference[len(first) + 1:]
        return "reference %r: Docker Hub needs the full name, docker.io/%s" % (reference, full)
    if not digest:
        return ("reference %r: the digest is missing, " % reference +
                "so that it could mean another image tomorrow; " + how_to_lock)
    sha256 = digest.removeprefix("sha256:")
    if not digest.startswith("sha256:") or len(sha256) != 64 or sha256.strip("0123456789abcdef"):
        return "digest %r: expected \"sha256:\" and 64 hexadecimal digits; %s" % (digest, how_to_lock)
    return None

def _source(attr):
    repository = repository_of(attr.reference)
    registry = repository.partition("/")[0]
    realm, service = _TOKEN_SERVERS.get(registry, ("", ""))
    realm = attr.realm or realm

    # Like Docker, assume that registries on this machine do not use TLS. Without a known token server, only basic
    # authentication is possible; users without a credential are not affected.
    host = registry.partition(":")[0]
    scheme = "http" if host in ["localhost", "127.0.0.1"] else "https"
    return repository, source(repository, {registry: {
        "auth": {"scheme": "bearer", "realm": realm, "service": attr.service or service} if realm else {"scheme": "basic"},
        "url": "%s://%s" % (scheme, api_host(registry)),
    }})

def _read(ctx, kind, digest):
    _, place = _source(ctx.attr)
    file = digest.replace(":", "_")
    problem = fetch(ctx, kind, digest, file, [place], headers = {"Accept": ", ".join(MEDIA_TYPES["index"] + MEDIA_TYPES["manifest"])})
    if problem:
        fail("image %s: %s%s" % (ctx.attr.reference, problem, ADVICE))
    return ctx.read(file, watch = "no")

def platform_of(parts):
    """Returns the name of a platform given as a dict, or None if the platform is unknown.

    Args:
      parts: dict with os, architecture and variant, as in an index or a config; or None.

    Returns:
      "os/architecture" or "os/architecture/variant", without the default variants of amd64 and arm64.
    """
    if not parts or not parts.get("os") or not parts.get("architecture") or "unknown" in [parts["os"], parts["architecture"]]:
        return None
    variant = parts.get("variant", "")
    if (parts["architecture"], variant) in [("amd64", "v1"), ("arm64", "v8")]:
        variant = ""
    return "/".join([part for part in [parts["os"], parts["architecture"], variant] if part])

def _manifests(ctx):
    """Returns the manifests of the reference: dict from platform to the digest and the system requirements in the index."""
    found = {}
    queue = [ctx.attr.reference.partition("@")[2]]
    for _ in range(1000):  # indexes, and manifests whose platform is not in an index
        if not queue:
            return found
        digest = queue.pop(0)
        text = _read(ctx, "manifests", digest)
        document = json.decode(text)
        if "manifests" not in document:
            if document.get("config", {}).get("mediaType") in MEDIA_TYPES["config"]:
                config = json.decode(_read(ctx, "blobs", document["config"]["digest"]))
                platform = platform_of(config) or _only(ctx.attr.platforms)
                if platform:
                    found.setdefault(platform, struct(digest = digest, stated = {}))
            continue
        for child in document["manifests"]:
            platform = platform_of(child.get("platform"))
            if child["mediaType"] in MEDIA_TYPES["manifest"] and platform:
                found.setdefault(platform, struct(digest = child["digest"], stated = system_stated(child["platform"])))
            elif child["mediaType"] in MEDIA_TYPES["index"] or child["mediaType"] in MEDIA_TYPES["manifest"] and not child.get("platform"):
                queue.append(child["digest"])
    fail("image %s: its index leads to more than 1000 documents" % ctx.attr.reference)

def _only(items):
    return items[0] if len(items) == 1 else None

def _chosen(ctx):
    found = _manifests(ctx)
    wanted = ctx.attr.platforms or DEFAULT_PLATFORMS
    chosen = {platform: found[platform] for platform in wanted if platform in found}
    missing = [platform for platform in wanted if platform not in chosen]
    if not chosen or ctx.attr.platforms and missing:
        fail("image %s: no image for %s; available: %s; select with the attribute platforms" % (
            ctx.attr.reference,
            ", ".join(missing),
            ", ".join(found.keys()) or "none",
        ))
    return chosen

def _image_impl(ctx):
    repository, _ = _source(ctx.attr)
    platforms = {}
    for platform, found in _chosen(ctx).items():
        text = _read(ctx, "manifests", found.digest)
        manifest = json.decode(text)
        layers = layer_digests(text)
        config = _read(ctx, "blobs", manifest["config"]["digest"])
        platforms[platform] = struct(
            documents = write_documents(ctx, platform, text, config) | found.stated | {
                "digest": found.digest,
                "layers": layers,
                "media_type": manifest.get("mediaType", MEDIA_TYPES["manifest"][0]),
                "platform": platform,
                "sources": [repository],
            },
            blobs = ["@%s//:%s" % (_layers_name(ctx.attr.image, platform), layer) for layer in unique(layers)],
        )
    ctx.file("BUILD.bazel", build_file(
        ctx.attr.image,
        ctx.attr.reference,
        platforms,
        "Choose one with --platforms, or name it in the attribute platforms of pull.",
    ))

_image_repository = repository_rule(
    doc = "An image without a lock file.",
    implementation = _image_impl,
    attrs = _ATTRS | {"image": attr.string(mandatory = True, doc = "Name of the image.")},
)

def _layers_impl(ctx):
    _, place = _source(ctx.attr)
    manifest = json.decode(_read(ctx, "manifests", _chosen(ctx)[ctx.attr.platform].digest))
    urls = {layer["digest"].removeprefix("sha256:"): layer.get("urls") or [] for layer in manifest["layers"]}
    for layer in urls:
        problem = fetch(ctx, "blobs", "sha256:" + layer, layer, [place], urls = urls[layer])
        if problem:
            fail("image %s: layer sha256:%s: %s%s" % (ctx.attr.reference, layer, problem, ADVICE))
    ctx.file("BUILD.bazel", "exports_files(%r)\n" % urls.keys())

_layers_repository = repository_rule(
    doc = "The layers of an image without a lock file, for one platform.",
    implementation = _layers_impl,
    attrs = _ATTRS | {"platform": attr.string(mandatory = True, doc = "The platform.")},
)

def _layers_name(image, platform):
    return "%s.%s.layers" % (image, target_name(platform))

def pulled_image(name, attrs):
    """Declares the repositories of an image.

    Args:
      name: Name of the repository.
      attrs: dict of attributes: reference, platforms, realm, service.
    """
    _image_repository(name = name, image = name, **attrs)
    for platform in attrs["platforms"] or DEFAULT_PLATFORMS:
        _layers_repository(name = _layers_name(name, platform), platform = platform, **attrs)
