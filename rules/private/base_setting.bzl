"""The build setting that controls whether layers of locked bases are fetched; see base_blobs.bzl."""

visibility(["//rules/..."])

BASE_BLOBS = str(Label("//rules:base_blobs"))

# For dependencies on targets that are built and do not depend on the setting. Bazel applies it to each edge and hashes every
# configuration that a transition sets something in, so it sets nothing if nothing changes.
without_base_blobs = transition(
    implementation = lambda settings, _attr: {BASE_BLOBS: False} if settings[BASE_BLOBS] else {},
    inputs = [BASE_BLOBS],
    outputs = [BASE_BLOBS],
)
