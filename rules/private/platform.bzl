"""Maps Bazel platforms to OCI platforms, which image-spec defines as GOOS and GOARCH values."""

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

# Bazel has no constraints for the variants of a CPU.
_VARIANTS = {
    "//rules/constraints:amd64_v2": "amd64/v2",
    "//rules/constraints:amd64_v3": "amd64/v3",
    "//rules/constraints:amd64_v4": "amd64/v4",
    "//rules/constraints:arm64_v9": "arm64/v9",
    "//rules/constraints:arm_v5": "arm/v5",
    "//rules/constraints:arm_v6": "arm/v6",
    "//rules/constraints:arm_v7": "arm/v7",
    "//rules/constraints:arm_v8": "arm/v8",
}

# The architectures that a target platform can have, as GOARCH values.
ARCHITECTURES = [value.partition("/")[0] for value in _CPU.values()]

# The variants that architectures imply (Go: oci.Variant).
_IMPLIED = {"amd64": "v1", "arm": "v7", "arm64": "v8"}

def _constraints(values):
    return attr.label_keyed_string_dict(
        default = values,
        providers = [platform_common.ConstraintValueInfo],
    )

PLATFORM_ATTRS = {
    "_cpu_constraints": _constraints(_CPU),
    "_os_constraints": _constraints(_OS),
    "_variant_constraints": _constraints(_VARIANTS),
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

def format_platform(platform):
    """Returns the name of a platform given as a dict, like "linux/arm/v7", or None if os or architecture is missing."""
    if not platform.get("os") or not platform.get("architecture"):
        return None
    parts = [platform["os"], platform["architecture"], platform.get("variant")]
    return "/".join([part for part in parts if part])

def parse_platform(name):
    """Returns the dict of a platform's name; the variant is always set and may be empty."""
    os, _, cpu = name.partition("/")
    architecture, _, variant = cpu.partition("/")
    return {"architecture": architecture, "os": os, "variant": variant or _IMPLIED.get(architecture, "")}

def higher_variant(platform, target):
    """Returns the name of a platform with the variant of the target, if that is higher (Go: image.Settings.LeastVariant).

    Args:
      platform: Name of the platform, like "linux/amd64".
      target: dict with os, architecture and variant, as returned by target_platform.
    """
    have = parse_platform(platform)
    if target.get("architecture") != have["architecture"] or _level(target.get("variant", "")) <= _level(have["variant"]):
        return platform
    return format_platform(have | {"variant": target["variant"]})

def suitable(names, target):
    """Returns the positions of the platforms that suit a target best: one, or none, or several.

    A CPU runs programs for lower variants, so a lower variant is suitable if the target's own is missing.

    Args:
      names: list of names of platforms. None stands for an unknown one, which suits no target.
      target: dict with os, architecture and variant, as returned by target_platform.

    Returns:
      list of integers.
    """
    name = format_platform(target)
    if not name:
        return []
    want = parse_platform(name)
    fit = {}
    for number, name in enumerate(names):
        have = parse_platform(name) if name else {}
        if [have.get(key) for key in ["architecture", "os"]] != [want[key] for key in ["architecture", "os"]]:
            continue
        if have["variant"] == want["variant"]:
            fit.setdefault(_SAME, []).append(number)
        elif _level(have["variant"]) < _level(want["variant"]):
            fit.setdefault(_level(have["variant"]), []).append(number)
    return fit[max(fit.keys())] if fit else []

# Above the level of any variant.
_SAME = 1000

def _level(variant):
    """Returns the number in a variant like "v7", or 0 if it is none of these."""
    digits = variant.removeprefix("v")
    return int(digits) if digits.isdigit() and digits[0] != "0" and len(digits) < 3 and variant != digits else 0
