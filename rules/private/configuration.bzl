"""What rules need to know about the configuration: build settings and the target platform.

They are providers of one target. A dependency on each flag and each constraint would be most of the cost of a small layer's analysis.
"""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load(":base_setting.bzl", "BASE_BLOBS")
load(":variants.bzl", "VARIANTS")

visibility(["//rules/..."])

ImagePolicyInfo = provider(
    doc = "Rules for images.",
    fields = {
        "file": "(File) The rules as JSON (Go: package policy), or None without rules.",
        "needs_files": "(bool) Whether a rule needs the listings of layers.",
        "needs_packages": "(bool) Whether a rule needs the packages in layers, too.",
    },
)

PolicyCheckedInfo = provider(
    doc = "Marks a target whose images its own rule, or one below, checks against the policy of the build, if there is one.",
    fields = {},
)

ConfigurationInfo = provider(
    doc = "The build settings and the target platform.",
    fields = {
        "architecture": "(string) `architecture[/variant]` of the target platform's CPU as GOARCH values. May be empty.",
        "compression": "(string) //rules:compression.",
        "compression_level": "(int) //rules:compression_level.",
        "layer_workers": "(bool) //rules:layer_workers.",
        "os": "(string) The target platform's operating system as a GOOS value. May be empty.",
        "policy": """(ImagePolicyInfo) //rules:policy, or None if it has no rules. An image with the bytes of locked layers (base_blobs.bzl)
            is only a second view of one. The first view is checked, so this is None for the second.""",
        "soci": "(bool) //rules:soci.",
        "stamped": "(bool) Bazel's flag --stamp, which rules cannot read directly.",
        "variant": "(string) `architecture/variant` if the target platform states a variant, or an empty string.",
    },
)

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

def _stated(ctx, constraints):
    """Returns the value of the constraint that the target platform has, or an empty string."""
    for constraint, value in constraints.items():
        if ctx.target_platform_has_constraint(constraint[platform_common.ConstraintValueInfo]):
            return value
    return ""

def _impl(ctx):
    attr = ctx.attr
    policy = attr._policy[ImagePolicyInfo]
    return [ConfigurationInfo(
        architecture = _stated(ctx, attr._cpu),
        compression = attr._compression[BuildSettingInfo].value,
        compression_level = attr._compression_level[BuildSettingInfo].value,
        layer_workers = attr._layer_workers[BuildSettingInfo].value,
        os = _stated(ctx, attr._os),
        policy = policy if policy.file and BASE_BLOBS not in ctx.features else None,
        soci = attr._soci[BuildSettingInfo].value,
        stamped = attr.stamped,
        variant = _stated(ctx, attr._variant),
    )]

def _flag(name, provider = BuildSettingInfo):
    return attr.label(default = name, providers = [provider])

def _constraints(values):
    return attr.label_keyed_string_dict(default = values, providers = [platform_common.ConstraintValueInfo])

configuration = rule(
    doc = "The configuration.",
    implementation = _impl,
    attrs = {
        "stamped": attr.bool(doc = "A select() on the flag --stamp."),
        "_compression": _flag("//rules:compression"),
        "_compression_level": _flag("//rules:compression_level"),
        "_cpu": _constraints(_CPU),
        "_layer_workers": _flag("//rules:layer_workers"),
        "_os": _constraints(_OS),
        "_policy": _flag("//rules:policy", ImagePolicyInfo),
        "_soci": _flag("//rules:soci"),
        "_variant": _constraints(VARIANTS),
    },
    provides = [ConfigurationInfo],
)

CONFIGURATION_ATTRS = {
    "_configuration": attr.label(
        default = "//rules/private:current_configuration",
        providers = [ConfigurationInfo],
    ),
}

def configuration_of(attr):
    """Returns the ConfigurationInfo for a rule's attributes, including CONFIGURATION_ATTRS."""
    return attr._configuration[ConfigurationInfo]
