"""A locked image for tests, whose documents and layer are placeholders."""

load("//rules:locked.bzl", "locked_image")

visibility("private")

def locked_test_image(name, layers = ["a.txt"]):
    """Declares a locked image from docker.io/library/a whose only fetched layer is data/a.txt.

    Args:
      name: Name of the target.
      layers: Names of its layers.
    """
    locked_image(
        name = name,
        blobs = ["data/a.txt"],
        documents = {
            "config": "data/a.txt",
            "digest": "sha256:" + 64 * "0",
            "layers": layers,
            "manifest": "data/a.txt",
            "media_type": "application/vnd.oci.image.manifest.v1+json",
            "platform": "linux/arm64",
            "sources": ["docker.io/library/a"],
        },
        tags = ["manual"],
    )
