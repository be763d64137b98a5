"""image_policy: rules for many images, checked by validation actions."""

load(":configuration.bzl", "ImagePolicyInfo", "PolicyCheckedInfo", "configuration_of")
load(":facts.bzl", "images_facts", "layers_facts", "own_facts")
load(":facts_actions.bzl", "check_policy")
load(":launcher.bzl", "shown")
load(":providers.bzl", "ImageInfo", "IndexInfo")

visibility(["//rules/..."])

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
rule, and so does metadata that cannot be read. Packages are those that `image_sbom` finds in layers.""",
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
contains, and to other images in an `image_index`, without a change of BUILD files: validation actions check the images, and a
violation fails the build. Rules about the config need only documents. Those about files (`absent`, `allowed_licenses`, `exists`,
`setuid`, `world_writable`, `secrets`, `package_caches`) also need listings of the layers, which an action per layer makes and all
images share. They do not see the layers of locked bases, which a build does not fetch: an image with such layers violates the rule
`unseen_layers`, unless `allow` has their repository. See docs/policy.md.

    image_policy(
        name = "policy",
        allow = {
            "setuid": ["/usr/bin/su"],
            "unseen_layers": ["docker.io/library/debian"],
        },
        bases = ["docker.io/library/debian"],
        forbid = ["root_user", "setuid", "secrets"],
        labels = {"org.opencontainers.image.source": "^https://git.example.com/"},
    )
""",
    implementation = _impl,
    attrs = _RULES | _EXCEPTIONS,
    provides = [ImagePolicyInfo],
)

def policy_facts(ctx, layers, single = True):
    """Declares the facts of layers that the policy of the build needs, so that all images share them.

    Args:
      ctx: The rule's context. The rule must have CONFIGURATION_ATTRS and the toolchain of the build tools.
      layers: list of the LayerInfo that the rule provides.
      single: Whether the rule provides a LayerInfo, not LayersInfo.

    Returns:
      list of the provider for image_validation, which is empty without such a policy.
    """
    policy = configuration_of(ctx.attr).policy
    return [layers_facts(ctx, tuple(layers), single)] if policy and policy.needs_files else []

def imported_facts(ctx, images, index):
    """Is like policy_facts, for a rule that imports images.

    Args:
      ctx: The rule's context. The rule must have CONFIGURATION_ATTRS and the toolchain of the build tools.
      images: list of ImageInfo.
      index: Whether the rule provides an IndexInfo.

    Returns:
      list of the provider for image_validation, which is empty without such a policy.
    """
    policy = configuration_of(ctx.attr).policy
    return [images_facts(ctx, images, index)] if policy and policy.needs_files else []

def image_validation(ctx, image):
    """Declares the action that checks an image against the policy of the build.

    Args:
      ctx: The rule's context. The rule must have CONFIGURATION_ATTRS.
      image: ImageInfo.

    Returns:
      struct of groups, a dict for OutputGroupInfo: the output group `_validation`, or nothing without a policy; and providers,
      a list of those that the rule adds for images on top of this one.
    """
    policy = configuration_of(ctx.attr).policy
    if not policy:
        return _NO_VALIDATION
    facts = [own_facts(ctx, image, "policy")] if policy.needs_files else []
    checked = _check(ctx, policy, image, facts, shown(ctx.label), ".policy.txt")
    return struct(groups = {"_validation": depset([checked])}, providers = facts + [PolicyCheckedInfo()])

_NO_VALIDATION = struct(groups = {}, providers = [])

def index_validation(ctx, targets):
    """Declares the actions that check images of an index that no other rule checks: imported ones, and those of lock files.

    Args:
      ctx: The rule's context. The rule must have CONFIGURATION_ATTRS and the toolchain of the build tools.
      targets: list of the targets in the index.

    Returns:
      struct like that of image_validation.
    """
    policy = configuration_of(ctx.attr).policy
    if not policy:
        return _NO_VALIDATION

    # The output group `_validation` does not tell: Bazel adds the validations of all dependencies, like those of the archive that
    # an image_import reads.
    images = [
        image
        for target in targets
        if PolicyCheckedInfo not in target
        for image in ([target[ImageInfo]] if ImageInfo in target else target[IndexInfo].images)
    ]
    checked = []
    for number, image in enumerate(images):
        facts = [own_facts(ctx, image, "policy/%d" % number)] if policy.needs_files else []
        checked.append(_check(ctx, policy, image, facts, shown(image.manifest.owner), ".policy/%d.txt" % number))
    return struct(groups = {"_validation": depset(checked)} if checked else {}, providers = [PolicyCheckedInfo()])

def _check(ctx, policy, image, facts, label, suffix):
    """Declares the action that checks an image, and returns its output. Facts is a list of the image's LayerFactsInfo, or empty."""
    places = [place for each in facts for place in each.layers + each.bases]
    listings = [place.listing for place in places if place.listing]
    packages = [place.packages for place in places if place.packages] if policy.needs_packages else []
    checked = ctx.actions.declare_file(ctx.label.name + suffix)
    check_policy(ctx, policy.file, label, image, listings, packages, checked)
    return checked
