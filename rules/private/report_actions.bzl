"""The actions that describe and compare images."""

load(":paths.bzl", "escape")
load(":run_tool.bzl", "merging", "new_args", "run_tool")

visibility(["//rules/..."])

def make_report(ctx, label, image, facts, origins, packages, compared, outputs):
    """Declares the action that writes a report.

    Args:
      ctx: The rule's context.
      label: Label of the image.
      image: ImageInfo.
      facts: LayerFactsInfo of the image.
      origins: struct of layers, a list of structs as in LayerOriginsInfo, the lowest first, and bases, a tuple of structs of
        label, manifest and config, the nearest first.
      packages: File with the packages, as make_sbom writes it as a table.
      compared: struct of label, that of another image, and differences, the File with those from it; or None.
      outputs: struct of the Files html and json.
    """
    args = new_args(ctx)
    args.add(str(label), format = "--target=%s")
    args.add(image.manifest, format = "--manifest=%s")
    args.add(image.config, format = "--config=%s")
    listings = _listings([facts])
    descriptors = [layer.descriptor for layer in image.layers]
    args.add_all(descriptors, format_each = "--layer=%s")
    args.add_all(image.blobs, map_each = _directory_flag)
    args.add_all(listings, format_each = "--listing=%s")
    args.add_all(origins.layers, map_each = _origin_flags)
    documents = []
    for base in origins.bases:
        args.add("--base=%s" % base.label)
        args.add(base.manifest, format = "--base-manifest=%s")
        args.add(base.config, format = "--base-config=%s")
        documents += [base.manifest, base.config]
    args.add(packages, format = "--packages=%s")
    if compared:
        args.add(str(compared.label), format = "--before=%s")
        args.add(compared.differences, format = "--differences=%s")
        documents.append(compared.differences)
    args.add(outputs.html, format = "--html=%s")
    args.add(outputs.json, format = "--json=%s")
    read = [file for layer in origins.layers for file in layer.files + layer.arguments + layer.archives + layer.documents]
    run_tool(
        ctx,
        "mkreport",
        args,
        # The files with origins contain paths.
        path_mapping = False,
        inputs = [image.manifest, image.config, packages] + descriptors + listings + documents + read,
        outputs = [outputs.html, outputs.json],
        mnemonic = "MkReport",
        progress_message = "Writing report %{label}",
        resource_set = merging,
    )

def _listings(facts):
    """Returns the Files with the listings of several LayerFactsInfo, each once."""
    return {
        layer.listing: None
        for each in facts
        for layer in each.layers + each.bases
        if layer.listing
    }.keys()

def _directory_flag(blobs):
    return "--blobs=" + blobs.directory.path

def _origin_flags(layer):
    return ["--origins=%s=%s" % (escape(layer.key.path), file.path) for file in layer.files]

def make_diff(ctx, before, after, facts, ignore, outputs):
    """Declares the action that compares two images.

    Args:
      ctx: The rule's context.
      before: ImageInfo of the one.
      after: ImageInfo of the other.
      facts: list of the LayerFactsInfo of both.
      ignore: list of names of differences.
      outputs: struct of the Files text and json.
    """
    args = new_args(ctx)
    listings = _listings(facts)
    args.add(before.manifest, format = "--before-manifest=%s")
    args.add(before.config, format = "--before-config=%s")
    args.add(after.manifest, format = "--after-manifest=%s")
    args.add(after.config, format = "--after-config=%s")
    args.add_all(listings, format_each = "--listing=%s")
    args.add_all(ignore, format_each = "--ignore=%s")
    args.add(outputs.text, format = "--text=%s")
    args.add(outputs.json, format = "--json=%s")
    run_tool(
        ctx,
        "mkdiff",
        args,
        inputs = [before.manifest, before.config, after.manifest, after.config] + listings,
        outputs = [outputs.text, outputs.json],
        mnemonic = "MkDiff",
        progress_message = "Comparing images of %{label}",
        resource_set = merging,
    )
