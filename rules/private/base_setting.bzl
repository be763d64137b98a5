"""The build setting that says whether layers of locked bases are fetched; see base_blobs.bzl."""

visibility(["//rules/..."])

BASE_BLOBS = str(Label("//rules:base_blobs"))

# For what leads to things that are built, which are the same either way.
without_base_blobs = transition(
    implementation = lambda _settings, _attr: {BASE_BLOBS: False},
    inputs = [],
    outputs = [BASE_BLOBS],
)
