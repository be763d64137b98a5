"""The action that writes a software bill of materials."""

load(":paths.bzl", "escape")
load(":run_tool.bzl", "new_args", "run_tool", "small")

visibility(["//rules/..."])

def make_sbom(ctx, image, facts, graph, origins, settings, output):
    """Declares the action that writes a software bill of materials. No blob is an input.

    Args:
      ctx: The rule's context.
      image: struct as returned by image_contents, of an image or an index.
      facts: list of LayerFactsInfo, one per image.
      graph: PackageGraphInfo of the image's target.
      origins: struct as returned by package_origins.
      settings: struct of format ("spdx", "cyclonedx" or "table"), created (string, may be empty) and status (the File with the
        workspace status, or None).
      output: The File to write.
    """
    args = new_args(ctx)
    descriptors = [layer.descriptor for layer in image.layers.to_list()]  # a few per layer and platform
    places = [layer for each in facts for layer in each.layers] + [base for each in facts for base in each.bases]
    listings = [place.listing for place in places if place.listing]
    packages = [place.packages for place in places if place.packages]
    args.add_all([image.root], map_each = _image_flag)
    args.add_all(image.documents, format_each = "--document=%s")
    args.add_all(descriptors, map_each = _layer_flag, uniquify = True)
    args.add(origins.index, format = "--origins=%s")
    args.add_all(listings, format_each = "--listing=%s", uniquify = True)
    args.add_all(packages, format_each = "--packages=%s", uniquify = True)
    args.add_all(graph.bases, map_each = _base_flags)
    args.add_all(graph.packages, map_each = _declared_flags, uniquify = True)
    args.add(settings.format, format = "--format=%s")
    if settings.created:
        args.add(settings.created, format = "--created=%s")
    status = [settings.status] if settings.status else []
    args.add_all(status, format_each = "--status=%s")
    args.add(output, format = "--output=%s")
    run_tool(
        ctx,
        "mksbom",
        args,
        # The files with origins contain paths.
        path_mapping = False,
        inputs = depset(
            [image.root] + image.documents + descriptors + listings + packages + status,
            transitive = [graph.base_files, origins.files],
        ),
        outputs = [output],
        mnemonic = "MkSbom",
        progress_message = "Writing bill of materials %{label}",
        resource_set = small,
    )

def label_text(label):
    """Returns a label as it is written in the main repository."""
    text = str(label)
    return text if label.repo_name else "//" + text.partition("//")[2]

def _image_flag(file):
    return "--image=%s=%s" % (escape(label_text(file.owner)), file.path)

def _layer_flag(file):
    return "--layer=%s=%s" % (escape(label_text(file.owner)), file.path)

def _base_flags(image):
    return [
        "--base=%s=%s" % (escape(label_text(image.descriptor.owner)), image.descriptor.path),
        "--document=" + image.manifest.path,
        "--document=" + image.config.path,
    ]

def _declared_flags(group):
    return [
        "--declared=" + json.encode({
            "label": package.label,
            "layer": group.layer,
            "license_names": list(package.license_names),
            "purl": package.purl,
        })
        for package in group.packages.to_list()  # when the action runs
    ]
