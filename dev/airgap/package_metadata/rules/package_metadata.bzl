"""A rule that the BUILD files which gazelle generates load; nothing here reads what it states."""

load("//providers:package_metadata_info.bzl", "PackageMetadataInfo")

def _package_metadata_impl(ctx):
    metadata = ctx.actions.declare_file(ctx.label.name + ".package-metadata.json")
    ctx.actions.write(metadata, json.encode({"label": str(ctx.label), "purl": ctx.attr.purl}))
    files = depset([metadata])
    return [
        DefaultInfo(files = files),
        PackageMetadataInfo(files = files, metadata = metadata),
    ]

_package_metadata = rule(
    implementation = _package_metadata_impl,
    doc = "States where a package came from.",
    attrs = {
        "attributes": attr.label_list(doc = "Accepted and ignored."),
        "purl": attr.string(doc = "The package's URL, as the purl specification writes it."),
    },
    provides = [PackageMetadataInfo],
)

def package_metadata(name, **kwargs):
    """States where a package came from.

    Args:
        name: the target's name.
        **kwargs: the rule's attributes.
    """

    # A package's default metadata is this very target, which must not depend on itself.
    _package_metadata(name = name, applicable_licenses = [], **kwargs)
