"""The part of the configuration that controls whether layers of locked bases are fetched; see base_blobs.bzl.

It is a word among `--features`, which no toolchain knows, instead of a build setting. If a transition mentions a build setting, Bazel
copies and hashes all options for every image, even if nothing changes: that would take a tenth of the analysis.
"""

visibility(["//rules/..."])

FEATURES = "//command_line_option:features"

# //rules:base_blobs_needed is a condition for it.
BASE_BLOBS = "rules_strata_base_blobs"

def off(settings):
    """Returns what a transition with the input FEATURES sets so that layers of locked bases are not fetched."""
    return {FEATURES: [name for name in settings[FEATURES] if name != BASE_BLOBS]}

# For dependencies on targets that are built and do not depend on BASE_BLOBS. Bazel applies it to each edge.
without_base_blobs = transition(
    implementation = lambda settings, _attr: off(settings) if BASE_BLOBS in settings[FEATURES] else {},
    inputs = [FEATURES],
    outputs = [FEATURES],
)
