"""From Bazel's platforms to OCI's: the words of Go's GOOS and GOARCH, as image-spec wants them."""

visibility(["//rules/..."])

# Values of `os` and `architecture[/variant]`. Where two constraints mean the same CPU both are listed.
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

# The architectures that a target platform can stand for, as GOARCH values.
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
    """Reads the target platform.

    Args:
      ctx: The rule's context; its attributes have PLATFORM_ATTRS among them.

    Returns:
      dict with some of os, architecture and variant. A platform without one of the known constraints leaves its key out:
      the image then has to say it.
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
