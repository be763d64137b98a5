"""The BUILD file of a base image's repository."""

visibility(["//rules/..."])

# From the values of image-spec to Bazel's constraints. rules/private/platform.bzl has the opposite direction.
_OS = {"darwin": "macos"}
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
}
_KNOWN_OS = ["freebsd", "linux", "macos", "windows"]

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
    choices = {}
    constraints = {}
    for platform, image in platforms.items():
        target = target_name(platform)
        lines.append(_call("locked_image", {
            "name": target,
            "blobs": image.blobs,
            "documents": image.documents,
        }))
        wanted = constraints_of(platform)
        if wanted and str(wanted) not in constraints:
            constraints[str(wanted)] = None
            lines.append(_call("config_setting", {
                "name": "is_" + target,
                "constraint_values": wanted,
            }))
            choices[":is_" + target] = ":" + target
    problem = "%s: no image for the target platform, only for %s. %s" % (
        reference,
        ", ".join(platforms.keys()),
        how_to_add,
    )
    lines.append("alias(name = %r, actual = select(%r, no_match_error = %r))" % (name, choices, problem))
    return "\n\n".join(lines) + "\n"

def constraints_of(platform):
    """Returns the labels of Bazel's constraints for a platform, or None if Bazel has none for it.

    Args:
      platform: Name of the platform, like "linux/arm/v7".

    Returns:
      list of strings, or None.
    """
    os, _, cpu = platform.partition("/")
    os = _OS.get(os, os)
    if os not in _KNOWN_OS or cpu not in _CPU:
        return None
    return [str(Label("@platforms//os:" + os)), str(Label("@platforms//cpu:" + _CPU[cpu]))]

def _call(function, attrs):
    return "%s(\n%s)" % (function, "".join(["    %s = %r,\n" % item for item in attrs.items()]))
