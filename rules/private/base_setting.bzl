"""The build setting that controls whether layers of locked bases are fetched; see base_blobs.bzl."""

visibility(["//rules/..."])

BASE_BLOBS = str(Label("//rules:base_blobs"))

# For dependencies on targets that are built and do not depend on the setting.
without_base_blobs = transition(
    implementation = lambda _settings, _attr: {BASE_BLOBS: False},
    inputs = [],
    outputs = [BASE_BLOBS],
)
