"""Names and variants of OCI platforms, and which of them suit a target platform."""

visibility(["//rules/..."])

# Constraints for the variants of a CPU, which @platforms does not have, and their `architecture/variant`.
VARIANTS = {
    str(Label("//rules/constraints:amd64_v2")): "amd64/v2",
    str(Label("//rules/constraints:amd64_v3")): "amd64/v3",
    str(Label("//rules/constraints:amd64_v4")): "amd64/v4",
    str(Label("//rules/constraints:arm64_v9")): "arm64/v9",
    str(Label("//rules/constraints:arm_v5")): "arm/v5",
    str(Label("//rules/constraints:arm_v6")): "arm/v6",
    str(Label("//rules/constraints:arm_v7")): "arm/v7",
    str(Label("//rules/constraints:arm_v8")): "arm/v8",
}

# The variants that architectures imply (Go: oci.Variant).
_IMPLIED = {"amd64": "v1", "arm": "v7", "arm64": "v8"}

def format_platform(platform):
    """Returns the name of a platform, like "linux/arm/v7", or None if os or architecture is missing.

    Args:
      platform: dict with os, architecture and variant.

    Returns:
      string or None.
    """
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

    Returns:
      string.
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
