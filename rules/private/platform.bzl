"""Maps Bazel platforms to OCI platforms, which image-spec defines as GOOS and GOARCH values."""

load(":configuration.bzl", "configuration_of")

visibility(["//rules/..."])

_WRONG_VARIANT = """{label}: the target platform is for the variant {variant} of {expected}, but its CPU is {found}.
Remove the constraint_value of @rules_strata//rules/constraints from the platform, or change that of @platforms//cpu."""

def target_platform(ctx):
    """Returns the target platform.

    Args:
      ctx: The rule's context. The rule must have CONFIGURATION_ATTRS.

    Returns:
      dict with some of os, architecture and variant. If the platform has none of the known constraints for a key, the key
      is omitted and the image must set it.
    """
    configuration = configuration_of(ctx.attr)
    found = {}
    if configuration.os:
        found["os"] = configuration.os
    architecture, _, variant = configuration.architecture.partition("/")
    expected, _, stated = configuration.variant.partition("/")
    if expected and architecture and expected != architecture:
        fail(_WRONG_VARIANT.format(expected = expected, found = architecture, label = ctx.label, variant = stated))
    if architecture or expected:
        found["architecture"] = architecture or expected
    if stated or variant:
        found["variant"] = stated or variant
    return found
