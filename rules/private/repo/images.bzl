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
    """Gives a name to an image, unless the same is there already; another one of that name is an error."""
    if name not in owners:
        owners[name] = struct(module = module, digest = digest)
        return True
    first = owners[name]
    if first.digest != digest and not first.module.is_root or first.module == module:
        fail("image %r is %s for the module %s and %s for the module %s: one of the names has to change" % (
            name,
            first.digest,
            first.module.name,
            digest,
            module.name,
        ))
    return False

images = module_extension(
    doc = "Base images of registries, each as a repository `@NAME`, which is an image to build on.",
    implementation = _impl,
    tag_classes = {
        "from_lock": tag_class(
            doc = "The images of a lock file. Nothing is fetched but layers whose bytes are needed.",
            attrs = {
                "lock": attr.label(
                    doc = "The lock file, `images.lock.json`, which `bazel run @rules_strata//rules:lock` keeps.",
                    mandatory = True,
                ),
            },
        ),
        "pull": tag_class(
            doc = "An image without a lock file, for a quick start: its documents are fetched by the first build that uses it.",
            attrs = {
                "name": attr.string(
                    doc = "Name of the repository.",
                    mandatory = True,
                ),
                "platforms": attr.string_list(
                    doc = """Platforms to take of an index, like `linux/arm64`. Unset means linux/amd64 and linux/arm64, as far as
they are there.""",
                ),
                "realm": attr.string(
                    doc = """Address of the registry's token server. That of some registries is known; the lock tool finds
it out of any registry.""",
                ),
                "reference": attr.string(
                    doc = """Full name of the image, with its digest: `docker.io/library/debian@sha256:...`. A tag before the
digest is for readers.""",
                    mandatory = True,
                ),
                "service": attr.string(
                    doc = "How the token server knows the registry.",
                ),
            },
        ),
    },
)
