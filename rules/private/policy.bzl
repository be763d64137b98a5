"""image_policy: rules for many images, checked by validation actions."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load(":base_setting.bzl", "BASE_BLOBS")
load(":facts.bzl", "LAYER_EDGES", "declare_facts", "own_facts")
load(":facts_actions.bzl", "check_policy")
load(":launcher.bzl", "shown")
load(":providers.bzl", "ImageInfo", "IndexInfo", "LayerInfo", "LayersInfo")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

ImagePolicyInfo = provider(
    doc = "Rules for images.",
    fields = {
        "file": "(File) The rules as JSON (Go: package policy), or None without rules.",
        "needs_files": "(bool) Whether a rule needs the listings of layers.",
        "needs_packages": "(bool) Whether a rule needs the packages in layers, too.",
    },
)

# The values of `forbid`, and whether they need the files of an image.
_FORBIDDEN = {
    "no_healthcheck": False,
    "package_caches": True,
    "root_user": False,
    "secret_env": False,
    "secrets": True,
    "setuid": True,
    "world_writable": True,
}

_UNKNOWN = """{label}: attribute forbid: unknown {name}; known are {known}"""

def _impl(ctx):
    for name in ctx.attr.forbid:
        if name not in _FORBIDDEN:
            fail(_UNKNOWN.format(known = ", ".join(_FORBIDDEN), label = ctx.label, name = repr(name)))
    attributes = {name: getattr(ctx.attr, name) for name in _RULES | _EXCEPTIONS if getattr(ctx.attr, name)}
    if not [name for name in _RULES if name in attributes]:
        return [ImagePolicyInfo(file = None, needs_files = False, needs_packages = False)]
    file = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(file, json.encode(attributes | {"name": shown(ctx.label)}))
    return [
        ImagePolicyInfo(
            file = file,
            needs_files = bool(
                ctx.attr.absent or ctx.attr.allowed_licenses or ctx.attr.exists or
                [name for name in ctx.attr.forbid if _FORBIDDEN[name]],
            ),
            needs_packages = bool(ctx.attr.allowed_licenses),
        ),
        DefaultInfo(files = depset([file])),
    ]

_RULES = {
    "absent": attr.string_list(
        doc = "Paths that no image may have, like `[\"/bin/sh\", \"**/*.pyc\"]`. Globs have the syntax of `modes` in `image_layer`.",
    ),
    "allowed_licenses": attr.string_list(
        doc = """Licenses that the packages in layers may have, as identifiers of SPDX like `["Apache-2.0", "MIT"]`. A package with
several licenses needs all of them if they are joined by `AND`, one if by `OR`. A package without a known license violates the
rule. Packages are those that `image_sbom` finds in layers.""",
    ),
    "bases": attr.string_list(
        doc = """Repositories that the layers of bases may come from, as globs like `["gcr.io/distroless/**"]`. A base that is imported
from a file has no repository and violates the rule.""",
    ),
    "exists": attr.string_list(
        doc = "Paths that every image must have.",
    ),
    "forbid": attr.string_list(
        doc = """Forbidden things. In the config: `root_user` (no user, `root` or 0), `no_healthcheck`, `secret_env` (variables with
values and names like `API_TOKEN` or `DB_PASSWORD`). Among the files: `setuid` (or setgid), `world_writable` (except directories with
the sticky bit), `secrets` (like SSH keys and `.netrc`, even if a higher layer deletes them), `package_caches` (of apt, pip, npm and
others).""",
    ),
    "labels": attr.string_dict(
        doc = "Labels that every image must have -> regular expressions that their values must match.",
    ),
}

_EXCEPTIONS = {
    "allow": attr.string_list_dict(
        doc = """Exceptions: a value of `forbid`, or another attribute -> paths and targets that it does not apply to, like
`{"setuid": ["/usr/bin/su", "//legacy/..."], "labels": ["//tools:builder"]}`. Paths may be globs. Exceptions of `allowed_licenses` may
be package URLs, with or without a version, like `pkg:deb/debian/bash`, and targets of layers.""",
    ),
}

image_policy = rule(
    doc = """Rules that many images must keep, such as those of a company.

The build setting `--@rules_strata//rules:policy=//company:policy` makes them apply to every `image` and `image_squash` that a build
contains, and to other images in an `image_index`, without a change of BUILD files: validation actions check the images, and a violation fails the build. Rules about the
config need only documents. Those about files (`absent`, `allowed_licenses`, `exists`, `setuid`, `world_writable`, `secrets`, `package_caches`) also
need listings of the layers, which an action per layer makes and all images share; they do not see the layers of locked bases, which
a build does not fetch. See docs/policy.md.

    image_policy(
        name = "policy",
        allow = {"setuid": ["/usr/bin/su"]},
        bases = ["docker.io/library/debian"],
        forbid = ["root_user", "setuid", "secrets"],
        labels = {"org.opencontainers.image.source": "^https://git.example.com/"},
    )
""",
    implementation = _impl,
    attrs = _RULES | _EXCEPTIONS,
    provides = [ImagePolicyInfo],
)

# Attributes of rules that make images: the policy of the build, and whether an image is only a second view of one, with the bytes
# of locked layers (base_blobs.bzl). The first view is checked.
POLICY_ATTRS = {
    "_base_blobs": attr.label(
        default = BASE_BLOBS,
        providers = [BuildSettingInfo],
    ),
    "_policy": attr.label(
        default = "//rules:policy",
        providers = [ImagePolicyInfo],
    ),
}

def _policy_of(ctx):
    """Returns the ImagePolicyInfo that applies to an image, or None."""
    policy = ctx.attr._policy[ImagePolicyInfo]
    return policy if policy.file and not ctx.attr._base_blobs[BuildSettingInfo].value else None

def _policy_facts_impl(target, ctx):
    policy = _policy_of(ctx)
    if not policy or not policy.needs_files:
        return []
    return declare_facts(target, ctx)

# Is layer_facts if the policy of the build needs the files of images, and costs next to nothing otherwise. It applies only to
# targets whose rules state that they provide layers; image_validation declares the facts of the others.
policy_facts = aspect(
    implementation = _policy_facts_impl,
    attr_aspects = LAYER_EDGES,
    attrs = POLICY_ATTRS,
    required_providers = [[ImageInfo], [LayerInfo], [LayersInfo]],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)

def image_validation(ctx, image):
    """Declares the action that checks an image against the policy of the build.

    Args:
      ctx: The rule's context. The rule must have POLICY_ATTRS, and policy_facts on its attributes with images and layers.
      image: ImageInfo.

    Returns:
      dict for OutputGroupInfo: the output group `_validation`, or nothing without a policy.
    """
    policy = _policy_of(ctx)
    if not policy:
        return {}
    return {"_validation": depset([_check(ctx, policy, image, shown(ctx.label), "policy", ".policy.txt")])}

def index_validation(ctx, targets):
    """Declares the actions that check images of an index that no other rule checks: imported ones, and those of lock files.

    Args:
      ctx: The rule's context. The rule must have POLICY_ATTRS, and policy_facts on its attribute with images.
      targets: list of the targets in the index.

    Returns:
      dict for OutputGroupInfo, as of image_validation.
    """
    policy = _policy_of(ctx)
    if not policy:
        return {}
    images = [
        image
        for target in targets
        if not (OutputGroupInfo in target and hasattr(target[OutputGroupInfo], "_validation"))
        for image in ([target[ImageInfo]] if ImageInfo in target else target[IndexInfo].images)
    ]
    return {"_validation": depset([
        _check(ctx, policy, image, shown(image.manifest.owner), "policy/%d" % number, ".policy/%d.txt" % number)
        for number, image in enumerate(images)
    ])} if images else {}

def _check(ctx, policy, image, label, directory, suffix):
    """Declares the action that checks an image. The directory is for facts, the suffix for the File that it returns."""
    listings, packages = [], []
    if policy.needs_files:
        facts = own_facts(ctx, image, directory)
        listings = [layer.listing for layer in facts.layers + facts.bases if layer.listing]
        if policy.needs_packages:
            packages = [layer.packages for layer in facts.layers + facts.bases if layer.packages]
    checked = ctx.actions.declare_file(ctx.label.name + suffix)
    check_policy(ctx, policy.file, label, image, listings, packages, checked)
    return checked
