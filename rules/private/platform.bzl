"""Maps Bazel platforms to OCI platforms, which image-spec defines as GOOS and GOARCH values."""

load(":variants.bzl", "VARIANTS")

visibility(["//rules/..."])

# Values of `os` and `architecture[/variant]`. Constraints that are not listed, like `none` or `armv7e-m`, have no OCI name.
_OS = {
    "@platforms//os:android": "android",
    "@platforms//os:freebsd": "freebsd",
    "@platforms//os:ios": "ios",
    "@platforms//os:linux": "linux",
    "@platforms//os:macos": "darwin",
    "@platforms//os:netbsd": "netbsd",
    "@platforms//os:openbsd": "openbsd",
    "@platforms//os:wasi": "wasip1",
    "@platforms//os:windows": "windows",
}

_CPU = {
    "@platforms//cpu:aarch32": "arm/v7",
    "@platforms//cpu:aarch64": "arm64",
    "@platforms//cpu:armv6-m": "arm/v6",
    "@platforms//cpu:armv7": "arm/v7",
    "@platforms//cpu:ppc64le": "ppc64le",
    "@platforms//cpu:riscv64": "riscv64",
    "@platforms//cpu:s390x": "s390x",
    "@platforms//cpu:wasm32": "wasm",
    "@platforms//cpu:x86_32": "386",
    "@platforms//cpu:x86_64": "amd64",
}

# The architectures that a target platform can have, as GOARCH values.
ARCHITECTURES = [value.partition("/")[0] for value in _CPU.values()]

def _constraints(values):
    return attr.label_keyed_string_dict(
        default = values,
        providers = [platform_common.ConstraintValueInfo],
    )

PLATFORM_ATTRS = {
    "_cpu_constraints": _constraints(_CPU),
    "_os_constraints": _constraints(_OS),
    "_variant_constraints": _constraints(VARIANTS),
}

_WRONG_VARIANT = """{label}: the target platform is for the variant {variant} of {expected}, but its CPU is {found}.
Remove the constraint_value of @rules_strata//rules/constraints from the platform, or change that of @platforms//cpu."""

def target_platform(ctx):
    """Returns the target platform.

    Args:
      ctx: The rule's context. The rule must have PLATFORM_ATTRS.

    Returns:
      dict with some of os, architecture and variant. If the platform has none of the known constraints for a key, the key
      is omitted and the image must set it.
    """
    found = {}
    os = _stated(ctx, ctx.attr._os_constraints)
    if os:
        found["os"] = os
    architecture, _, variant = _stated(ctx, ctx.attr._cpu_constraints).partition("/")
    expected, _, stated = _stated(ctx, ctx.attr._variant_constraints).partition("/")
    if expected and architecture and expected != architecture:
        fail(_WRONG_VARIANT.format(expected = expected, found = architecture, label = ctx.label, variant = stated))
    if architecture or expected:
        found["architecture"] = architecture or expected
    if stated or variant:
        found["variant"] = stated or variant
    return found

def _stated(ctx, constraints):
    """Returns the value of the constraint that the target platform has, or an empty string."""
    for constraint, value in constraints.items():
        if ctx.target_platform_has_constraint(constraint[platform_common.ConstraintValueInfo]):
            return value
    return ""
