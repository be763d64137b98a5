"""The extension of rules_oci, without its repositories: nothing here reads a registry."""

def _impl(_ctx):
    fail("no registry here")

oci = module_extension(
    implementation = _impl,
    tag_classes = {"pull": tag_class(attrs = {name: attr.string() for name in ["name", "image", "tag"]})},
)
