"""The BUILD file of a base image's repository."""

load("//rules/private:variants.bzl", "VARIANTS", "suitable")

visibility(["//rules/..."])

# From the values of image-spec to Bazel's constraints. rules/private/platform.bzl has the opposite direction.
_OS = {"darwin": "macos", "wasip1": "wasi"}
_CPU = {
    "386": "x86_32",
    "amd64": "x86_64",
    "amd64/v1": "x86_64",
    "arm": "armv7",
    "arm/v6": "armv6-m",
    "arm/v7": "armv7",
    "arm64": "aarch64",
    "arm64/v8": "aarch64",
    "ppc64le": "ppc64le",
    "riscv64": "riscv64",
    "s390x": "s390x",
    "wasm": "wasm32",
}
_KNOWN_OS = ["android", "freebsd", "ios", "linux", "macos", "netbsd", "openbsd", "wasi", "windows"]

# The CPUs for which //rules/constraints has variants.
_CPUS = {"amd64": ["x86_64"], "arm": ["aarch32", "armv7"], "arm64": ["aarch64"]}

def target_name(platform):
    """Returns the name of the target for a platform: "linux_arm_v7"."""
    return platform.replace("/", "_")

def build_file(name, reference, platforms, how_to_add):
    """Returns the BUILD file.

    Args:
      name: Name of the image.
      reference: Full name of the image, for messages.
      platforms: dict from platform to a struct of documents, the dict for locked_image, and blobs, the labels of the layers.
      how_to_add: How to add another platform, for messages.

    Returns:
      The text.
    """
    lines = [
        "load(%r, \"locked_image\")" % str(Label("//rules:locked.bzl")),
        "package(default_visibility = [\"//visibility:public\"])",
    ]
    for platform, image in platforms.items():
        lines.append(_call("locked_image", {
            "name": target_name(platform),
            "blobs": image.blobs,
            "documents": image.documents,
        }))
    choices = {}
    for setting, (constraints, platform) in _settings(platforms.keys()).items():
        lines.append(_call("config_setting", {
            "name": setting,
            "constraint_values": constraints,
        }))
        choices[":" + setting] = ":" + target_name(platform)
    problem = "%s: no image for the target platform, only for %s. %s" % (
        reference,
        ", ".join(platforms.keys()),
        how_to_add,
    )
    lines.append("alias(name = %r, actual = select(%r, no_match_error = %r))" % (name, choices, problem))
    return "\n\n".join(lines) + "\n"

def _settings(platforms):
    """Returns the settings that choose among platforms: dict from name to a tuple of constraints and the platform."""
    settings = {}
    plain = {}
    for platform in platforms:
        wanted = constraints_of(platform)
        if not wanted or str(wanted) in plain:
            continue
        plain[str(wanted)] = platform
        settings["is_" + target_name(platform)] = (wanted, platform)
        if wanted[1] == _cpu("armv7"):
            wanted = [wanted[0], _cpu("aarch32")]
            plain[str(wanted)] = platform
            settings["is_%s_aarch32" % target_name(platform)] = (wanted, platform)

    # Among several settings that match, Bazel takes the one with more constraints.
    for os in {platform.partition("/")[0]: None for platform in platforms}:
        for constraint, variant in VARIANTS.items() if _os(os) else []:
            architecture, _, level = variant.partition("/")
            fit = suitable(platforms, {"architecture": architecture, "os": os, "variant": level})
            for cpu in _CPUS[architecture] if fit else []:
                wanted = [_os(os), _cpu(cpu)]
                if plain.get(str(wanted)) != platforms[fit[0]]:
                    name = target_name("is/%s/%s/%s" % (os, variant, cpu))
                    settings[name] = (wanted + [constraint], platforms[fit[0]])
    return settings

def constraints_of(platform):
    """Returns the labels of Bazel's constraints for a platform, or None if Bazel has none for it.

    Args:
      platform: Name of the platform, like "linux/arm/v7".

    Returns:
      list of strings, or None.
    """
    os, _, cpu = platform.partition("/")
    if not _os(os) or cpu not in _CPU:
        return None
    return [_os(os), _cpu(_CPU[cpu])]

def _os(name):
    """Returns the label of the constraint for an operating system, or None if Bazel has none for it."""
    name = _OS.get(name, name)
    return str(Label("@platforms//os:" + name)) if name in _KNOWN_OS else None

def _cpu(name):
    return str(Label("@platforms//cpu:" + name))

def _call(function, attrs):
    return "%s(\n%s)" % (function, "".join(["    %s = %r,\n" % item for item in attrs.items()]))
