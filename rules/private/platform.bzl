"""Maps Bazel platforms to OCI platforms, which image-spec defines as GOOS and GOARCH values."""

visibility(["//rules/..."])

# Values of `os` and `architecture[/variant]`. If two constraints mean the same CPU, both are listed.
_OS = {
    "@platforms//os:freebsd": "freebsd",
    "@platforms//os:linux": "linux",
    "@platforms//os:macos": "darwin",
    "@platforms//os:windows": "windows",
}

_CPU = {
    "@platforms//cpu:aarch64": "arm64",
    "@platforms//cpu:armv6-m": "arm/v6",
    "@platforms//cpu:armv7": "arm/v7",
    "@platforms//cpu:ppc64le": "ppc64le",
    "@platforms//cpu:riscv64": "riscv64",
    "@platforms//cpu:s390x": "s390x",
    "@platforms//cpu:x86_32": "386",
    "@platforms//cpu:x86_64": "amd64",
}

# The architectures that a target platform can have, as GOARCH values.
ARCHITECTURES = [value.partition("/")[0] for value in _CPU.values()]

PLATFORM_ATTRS = {
    "_cpu_constraints": attr.label_keyed_string_dict(
        default = _CPU,
        providers = [platform_common.ConstraintValueInfo],
    ),
    "_os_constraints": attr.label_keyed_string_dict(
        default = _OS,
        providers = [platform_common.ConstraintValueInfo],
    ),
}

def target_platform(ctx):
    """Returns the target platform.

    Args:
      ctx: The rule's context. The rule must have PLATFORM_ATTRS.

    Returns:
      dict with some of os, architecture and variant. If the platform has none of the known constraints for a key, the key
      is omitted and the image must set it.
    """
    found = {}
    for constraint, value in ctx.attr._os_constraints.items():
        if ctx.target_platform_has_constraint(constraint[platform_common.ConstraintValueInfo]):
            found["os"] = value
    for constraint, value in ctx.attr._cpu_constraints.items():
        if ctx.target_platform_has_constraint(constraint[platform_common.ConstraintValueInfo]):
            architecture, _, variant = value.partition("/")
            found["architecture"] = architecture
            if variant:
                found["variant"] = variant
    return found
