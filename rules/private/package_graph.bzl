"""Packages that the build graph states, and the bases of images.

Rules of other projects state where code came from: `package_metadata` (with a package URL), and `package_info` and `license` of
rules_license. They are the default for all targets of a repository, in the attribute `package_metadata`, which is called
`applicable_licenses` before Bazel 8. The aspect reads the attributes of these rules, not their providers, so this project
does not depend on theirs.
"""

load(":providers.bzl", "ImageInfo", "IndexInfo", "LayerInfo", "LayersInfo")
load(":sbom_actions.bzl", "label_text")

visibility(["//rules/..."])

PackageGraphInfo = provider(
    doc = "Packages that a target depends on.",
    fields = {
        "base_files": "(depset[File]) The documents and descriptors of `bases`.",
        "bases": "(depset[ImageInfo]) The images that images were built on.",
        "packages": """(depset[struct]) The packages of each layer: `layer` (string, the label of the layer's target, or of the image
            if no target made a layer of it) and `packages` (depset of structs as in `loose`).""",
        "loose": """(depset[struct]) Packages that are not yet part of a layer: `label` (string, of the metadata), `purl` (string)
            and `license_names` (tuple of strings, names or SPDX expressions).""",
    },
)

_METADATA_ATTRIBUTES = ["applicable_licenses", "package_metadata"]

# Targets in the configuration of tools do not become part of an image.
_TOOLS = "-exec"

def _targets(value):
    """Returns the targets in the value of an attribute."""
    if type(value) == "Target":
        return [value]
    if type(value) == "list":
        return [each for each in value if type(each) == "Target"]
    if type(value) == "dict":
        return [each for each in value.keys() + value.values() if type(each) == "Target"]
    return []

_StatementInfo = provider(
    doc = "What a target with metadata states about a package.",
    fields = {
        "label": "(string) The target.",
        "license_names": "(tuple[string]) Names of licenses.",
        "name": "(string) A package URL made from the name of the package, or empty.",
        "purl": "(string) The package URL, or empty.",
    },
)

def _text(attr, name):
    value = getattr(attr, name, None)
    return value if type(value) == "string" else ""

def _statement(ctx):
    """Returns what the rule states about a package, or None if it is not a rule for metadata."""
    attr = ctx.rule.attr
    purl = _text(attr, "purl")
    kinds = _targets(getattr(attr, "license_kinds", None)) + _targets(getattr(attr, "kind", None))
    attributes = [each[_StatementInfo] for each in _targets(getattr(attr, "attributes", None)) if _StatementInfo in each]
    name = _text(attr, "package_name")
    if not (purl or kinds or name):
        return None
    version = _text(attr, "package_version")
    return _StatementInfo(
        label = label_text(ctx.label),
        license_names = tuple([kind.label.name for kind in kinds] + [name for each in attributes for name in each.license_names]),
        name = "pkg:generic/" + _escape(name) + ("@" + _escape(version) if version else "") if name else "",
        purl = purl,
    )

def _escape(text):
    """Returns a text with the characters escaped that have a meaning in package URLs."""
    for character, code in [("%", "%25"), ("/", "%2F"), ("@", "%40"), ("?", "%3F"), ("#", "%23"), (" ", "%20")]:
        text = text.replace(character, code)
    return text

def _stated(attr):
    """Returns the package that the metadata of a target states, as a list of at most one struct."""
    statements = []
    for name in _METADATA_ATTRIBUTES:
        for target in _targets(getattr(attr, name, None)):
            if _StatementInfo in target and target[_StatementInfo] not in statements:
                statements.append(target[_StatementInfo])
    licenses = tuple([name for each in statements for name in each.license_names])
    for field in ["purl", "name"]:
        for each in statements:
            if getattr(each, field):
                return [struct(label = each.label, license_names = licenses, purl = getattr(each, field))]
    return []

def _maven(ctx):
    """Returns the package of a jar from Maven, which rules_jvm_external states as a tag, as a list of at most one struct."""
    for tag in getattr(ctx.rule.attr, "tags", []):
        if tag.startswith("maven_coordinates="):
            parts = tag[len("maven_coordinates="):].split(":")
            if len(parts) >= 3:
                purl = "pkg:maven/%s/%s@%s" % (_escape(parts[0]), _escape(parts[1]), _escape(parts[-1]))
                return [struct(label = label_text(ctx.label), license_names = (), purl = purl)]
    return []

def _impl(target, ctx):
    statement = _statement(ctx)  # in any configuration: Bazel 7 has metadata in that of tools
    infos = [statement] if statement else []
    if _TOOLS in ctx.bin_dir.path:
        return infos
    attr = ctx.rule.attr
    deps, bases = [], []
    for name in dir(attr):
        if name in _METADATA_ATTRIBUTES:
            continue
        for dep in _targets(getattr(attr, name)):
            if PackageGraphInfo in dep:
                deps.append(dep[PackageGraphInfo])
            if name == "base" and ImageInfo in target and ImageInfo in dep:
                bases.append(dep[ImageInfo])
    loose = depset(_stated(attr) + _maven(ctx), transitive = [dep.loose for dep in deps])
    layers = []
    if [info for info in [LayerInfo, LayersInfo, ImageInfo, IndexInfo] if info in target]:
        layers = [struct(layer = label_text(ctx.label), packages = loose)]
        loose = depset()
    infos.append(PackageGraphInfo(
        base_files = depset(
            [file for base in bases for file in (base.descriptor, base.manifest, base.config)],
            transitive = [dep.base_files for dep in deps],
        ),
        bases = depset(bases, transitive = [dep.bases for dep in deps]),
        loose = loose,
        packages = depset(layers, transitive = [dep.packages for dep in deps]),
    ))
    return infos

package_graph = aspect(
    implementation = _impl,
    attr_aspects = ["*"],
)
