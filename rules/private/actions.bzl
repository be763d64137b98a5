"""The actions that build layers, images and their files. conda_actions.bzl, etc_actions.bzl and rootfs_actions.bzl have the others; only
these files contain the command lines of tools.

Every path is added to `Args` as a File, so that depsets stay lazy and path mapping works. Actions that write metadata never
have a layer's blob as an input.
"""

load(":contents.bzl", "add_contents")
load(":paths.bzl", "escape")
load(":providers.bzl", "shape_of", "shapes_of")
load(":run_tool.bzl", "PARAM_FILE", "compressing", "copying", "new_args", "run_tool", "small")

visibility(["//rules/..."])

# One request at a time: multiplex workers do not support path mapping, and their cache would not be larger.
_WORKER = {
    "requires-worker-protocol": "json",
    "supports-workers": "1",
}

def make_layer(ctx, args, inputs, blob, descriptor, shape, workers = False):
    """Declares the action that builds a layer.

    Args:
      ctx: The rule's context.
      args: Args with the layer's entries and settings.
      inputs: depset of the Files that the entries refer to.
      blob: The File for the layer.
      descriptor: The File for its descriptor.
      shape: The File for its shape.
      workers: Whether the action may run in a persistent worker.
    """
    args.add(blob, format = "--output=%s")
    args.add(descriptor, format = "--descriptor=%s")
    args.add(shape, format = "--shape=%s")
    if workers:
        args.use_param_file(PARAM_FILE, use_always = True)
    run_tool(
        ctx,
        "mklayer",
        args,
        inputs = inputs,
        outputs = [blob, descriptor, shape],
        mnemonic = "MkLayer",
        progress_message = "Building layer %{label}",
        requirements = _WORKER if workers else {},
        resource_set = compressing,
    )

def make_config(ctx, settings, files, base, layers, config, descriptor):
    """Declares the action that writes a config.

    Args:
      ctx: The rule's context.
      settings: dict of settings for mkconfig; see `mkconfig --help`.
      files: dict from flag (env-file, labels-file) to a File with more settings, or None.
      base: ImageInfo of the base, or None.
      layers: list of LayerInfo to put on top.
      config: The File for the config.
      descriptor: The File for its descriptor, an intermediate of mkmanifest.
    """
    args = new_args(ctx)
    shapes = list(shapes_of(base)) if base else []
    if base:
        args.add(base.config, format = "--base-config=%s")
        args.add(base.descriptor, format = "--base-descriptor=%s")
        args.add_all(shapes, format_each = "--base-shape=%s")
    for layer in layers:
        args.add(layer.descriptor, format = "--layer=%s")
        if shape_of(layer):
            args.add(shape_of(layer), format = "--shape=%s")
            shapes.append(shape_of(layer))
    args.add(json.encode(settings), format = "--settings=%s")
    stated = [file for file in files.values() if file]
    for flag, file in files.items():
        if file:
            args.add(file, format = "--" + flag + "=%s")
    args.add(config, format = "--output=%s")
    args.add(descriptor, format = "--descriptor=%s")
    run_tool(
        ctx,
        "mkconfig",
        args,
        inputs = [layer.descriptor for layer in layers] + shapes + stated +
                 ([base.config, base.descriptor] if base else []),
        outputs = [config, descriptor],
        mnemonic = "MkConfig",
        progress_message = "Writing config of image %{label}",
        resource_set = small,
    )

def make_manifest(ctx, config_descriptor, base, layers, annotations, annotations_file, outputs):
    """Declares the action that writes a manifest.

    Args:
      ctx: The rule's context.
      config_descriptor: The File that make_config wrote.
      base: ImageInfo of the base, or None.
      layers: list of LayerInfo to put on top.
      annotations: dict of the manifest's annotations.
      annotations_file: The File with more annotations, or None.
      outputs: struct of the Files document, descriptor and digest.
    """
    args = new_args(ctx)
    args.add(config_descriptor, format = "--config=%s")
    if base:
        args.add(base.manifest, format = "--base-manifest=%s")
    descriptors = [layer.descriptor for layer in layers]
    args.add_all(descriptors, format_each = "--layer=%s")
    stated = _add_document(args, annotations, annotations_file, outputs)
    run_tool(
        ctx,
        "mkmanifest",
        args,
        inputs = descriptors + [config_descriptor] + ([base.manifest] if base else []) + stated,
        outputs = [outputs.document, outputs.descriptor, outputs.digest],
        mnemonic = "MkManifest",
        progress_message = "Writing manifest of image %{label}",
        resource_set = small,
    )

def make_index(ctx, images, annotations, annotations_file, outputs):
    """Declares the action that writes an image index.

    Args:
      ctx: The rule's context.
      images: list of ImageInfo, in the order of the index.
      annotations: dict of the index's annotations.
      annotations_file: The File with more annotations, or None.
      outputs: struct of the Files document, descriptor and digest.
    """
    args = new_args(ctx)
    descriptors = [image.descriptor for image in images]
    args.add_all(descriptors, format_each = "--image=%s")
    stated = _add_document(args, annotations, annotations_file, outputs)
    run_tool(
        ctx,
        "mkindex",
        args,
        inputs = descriptors + stated,
        outputs = [outputs.document, outputs.descriptor, outputs.digest],
        mnemonic = "MkIndex",
        progress_message = "Writing image index %{label}",
        resource_set = small,
    )

def _add_document(args, annotations, annotations_file, outputs):
    """Adds the flags for annotations and outputs of a document, and returns the input Files as a list."""
    add_annotations(args, annotations)
    if annotations_file:
        args.add(annotations_file, format = "--annotations-file=%s")
    args.add(outputs.document, format = "--output=%s")
    args.add(outputs.descriptor, format = "--descriptor=%s")
    args.add(outputs.digest, format = "--digest=%s")
    return [annotations_file] if annotations_file else []

def add_annotations(args, annotations):
    """Adds a dict of annotations as flags."""
    args.add_all([
        "--annotation=%s=%s" % (escape(key), value)
        for key, value in annotations.items()
    ])

def make_layout(ctx, contents, directory):
    """Declares the action that writes an image layout, a directory of regular files."""
    args = new_args(ctx)
    args.add_all([directory], format_each = "--layout=%s", expand_directories = False)
    _pack(ctx, args, contents, directory, "Writing image layout of %{label}")

def make_archive(ctx, contents, names, archive):
    """Declares the action that writes a tar that is both an OCI archive and a docker-archive.

    Args:
      ctx: The rule's context.
      contents: The contents as returned by contents.bzl.
      names: list of names for the image when it is loaded.
      archive: The File to write.
    """
    args = new_args(ctx)
    args.add(archive, format = "--archive=%s")
    args.add_all(names, format_each = "--name=%s")
    _pack(ctx, args, contents, archive, "Writing image archive of %{label}")

def _pack(ctx, args, contents, output, progress_message):
    add_contents(args, contents)
    run_tool(
        ctx,
        "mklayout",
        args,
        inputs = contents.files,
        outputs = [output],
        mnemonic = "MkLayout",
        progress_message = progress_message,
        resource_set = copying,
    )

def make_base(ctx, manifest, config, facts, outputs):
    """Declares the action that writes the descriptors of a locked base image and checks that its documents match.

    Args:
      ctx: The rule's context.
      manifest: The File with its manifest.
      config: The File with its config.
      facts: dict from flag (digest, feature, media-type, os-feature, os-version, platform, source) to its values.
      outputs: struct of the Files manifest and config (copies of the verified documents), descriptor and digest, and layers,
        a list of Files, lowest first.
    """
    args = new_args(ctx)
    args.add(manifest, format = "--manifest=%s")
    args.add(config, format = "--config=%s")
    for flag, values in facts.items():
        args.add_all(values, format_each = "--" + flag + "=%s")
    args.add(outputs.manifest, format = "--manifest-output=%s")
    args.add(outputs.config, format = "--config-output=%s")
    args.add(outputs.descriptor, format = "--descriptor=%s")
    args.add(outputs.digest, format = "--digest-output=%s")
    args.add_all(outputs.layers, format_each = "--layer=%s")
    run_tool(
        ctx,
        "mkbase",
        args,
        inputs = [manifest, config],
        outputs = [outputs.manifest, outputs.config, outputs.descriptor, outputs.digest] + outputs.layers,
        mnemonic = "MkBase",
        progress_message = "Checking base image %{label}",
        resource_set = small,
    )

def import_image(ctx, source, choice, outputs, progress_message):
    """Declares an action that extracts parts of an image from a layout or an archive.

    Args:
      ctx: The rule's context.
      source: The File or directory to read.
      choice: dict of the flags (platform, ref) that select an image if the source has several. Empty ones are omitted.
      outputs: dict from flag (manifest, config, descriptor, shape, blobs) to the File to write.
      progress_message: What Bazel shows while the action runs.
    """
    args = new_args(ctx)
    args.add_all([source], format_each = "--source=%s", expand_directories = False)
    for flag, value in choice.items():
        if value:
            args.add(value, format = "--" + flag + "=%s")
    for flag, output in outputs.items():
        args.add_all([output], format_each = "--" + flag + "=%s", expand_directories = False)
    run_tool(
        ctx,
        "mkimport",
        args,
        inputs = [source],
        outputs = outputs.values(),
        mnemonic = "MkImport",
        progress_message = progress_message,
        resource_set = copying,
    )

def make_reference(ctx, root, names, reference):
    """Declares the action that writes the name of a pushed image.

    Args:
      ctx: The rule's context.
      root: The File with the image's descriptor.
      names: struct of repository (string, may be empty), files (list: at most one File with the repository) and status
        (list of Files with the workspace status).
      reference: The File to write.
    """
    args = new_args(ctx)
    args.add(root, format = "--root=%s")
    if names.repository:
        args.add(names.repository, format = "--repository=%s")
    args.add_all(names.files, format_each = "--repository-file=%s")
    args.add_all(names.status, format_each = "--status=%s")
    args.add(reference, format = "--output=%s")
    run_tool(
        ctx,
        "mkreference",
        args,
        inputs = [root] + names.files + names.status,
        outputs = [reference],
        mnemonic = "MkReference",
        progress_message = "Writing reference of %{label}",
        resource_set = small,
    )
