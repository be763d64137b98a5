"""The module extension `images`."""

load(":blob_repository.bzl", "blob_repository")
load(":image_repository.bzl", "image_repository")
load(":lock.bzl", "blob_attrs", "read_lock")
load(":pulled_repository.bzl", "check_reference", "pulled_image")

visibility(["//rules/..."])

def _impl(ctx):
    owners = {}
    direct = []
    locks = []
    for module in ctx.modules:  # The root module comes first.
        for tag in module.tags.from_lock:
            lock = read_lock(ctx, tag.lock)
            for name, image in lock["images"].items():
                if _claim(owners, name, module, image["digest"]):
                    image_repository(name = name, image = name, lock = tag.lock)
                    direct += [name] if module.is_root else []
            locks.append(lock)
        for tag in module.tags.pull:
            digest = check_reference(tag.name, tag.reference)
            if _claim(owners, tag.name, module, digest):
                pulled_image(tag.name, {
                    "platforms": tag.platforms,
                    "realm": tag.realm,
                    "reference": tag.reference,
                    "service": tag.service,
                })
                direct += [tag.name] if module.is_root else []
    for name, attrs in blob_attrs(locks).items():
        blob_repository(name = name, **attrs)
    return ctx.extension_metadata(
        reproducible = True,
        root_module_direct_deps = direct,
        root_module_direct_dev_deps = [],
    )

def _claim(owners, name, module, digest):
    """Claims a name for an image and returns whether it was free. The root module may override names of other modules."""
    if name not in owners:
        owners[name] = struct(module = module, digest = digest)
        return True
    first = owners[name]
    if first.digest != digest and not first.module.is_root or first.module == module:
        fail("image %r is %s for the module %s and %s for the module %s: rename one of them" % (
            name,
            first.digest,
            first.module.name,
            digest,
            module.name,
        ))
    return False

images = module_extension(
    doc = "Base images from registries. Each becomes a repository `@NAME`, which can be used as the `base` of an `image`.",
    implementation = _impl,
    tag_classes = {
        "from_lock": tag_class(
            doc = "Declares the images in a lock file. Only layers whose bytes are needed are fetched.",
            attrs = {
                "lock": attr.label(
                    doc = "The lock file, `images.lock.json`. `bazel run @rules_strata//rules:lock` maintains it.",
                    mandatory = True,
                ),
            },
        ),
        "pull": tag_class(
            doc = """Declares an image without a lock file, for a quick start. The first build that uses it fetches its manifest
and config.""",
            attrs = {
                "name": attr.string(
                    doc = "Name of the repository.",
                    mandatory = True,
                ),
                "platforms": attr.string_list(
                    doc = """Platforms to use from an index, like `linux/arm64`. If unset, `linux/amd64` and `linux/arm64` are used
if the index has them.""",
                ),
                "realm": attr.string(
                    doc = """URL of the registry's token server. Not needed for well-known registries. With a lock file, the lock
tool finds it for any registry.""",
                ),
                "reference": attr.string(
                    doc = """Full name of the image, including its digest, like `docker.io/library/debian@sha256:...`. A tag before
the digest is ignored.""",
                    mandatory = True,
                ),
                "service": attr.string(
                    doc = "Name of the registry at the token server.",
                ),
            },
        ),
    },
)
