"""The provider that stands in for package_metadata's own, where that module cannot be had."""

PackageMetadataInfo = provider(
    doc = "Where a package came from.",
    fields = {
        "files": "[depset of File] the metadata and all that it refers to",
        "metadata": "[File] the package's metadata",
    },
)
