"""The actions that build layers, images and their files. conda_actions.bzl, etc_actions.bzl, rootfs_actions.bzl and
soci_actions.bzl have the others; only these files contain the command lines of tools.

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

def make_layer(ctx, args, inputs, blob, descriptor, shape, ztoc = None, workers = False):
    """Declares the action that builds a layer.

    Args:
      ctx: The rule's context.
      args: Args with the layer's entries and settings.
      inputs: depset of the Files that the entries refer to.
      blob: The File for the layer.
      descriptor: The File for its descriptor.
      shape: The File for its shape.
      ztoc: The File for its zTOC, or None.
      workers: Whether the action may run in a persistent worker.
    """
    args.add(blob, format = "--output=%s")
    args.add(descriptor, format = "--descriptor=%s")
    args.add(shape, format = "--shape=%s")
    if ztoc:
        args.add(ztoc, format = "--ztoc=%s")
    if workers:
        args.use_param_file(PARAM_FILE, use_always = True)
    run_tool(
        ctx,
        "mklayer",
        args,
        inputs = inputs,
        outputs = [blob, descriptor, shape] + ([ztoc] if ztoc else []),
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
      files: dict from flag (status, and those of settings, like env-file) to a File with more settings.
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
        if [layer for layer in base.layers if not shape_of(layer)]:
            args.add("--base-shapes-partial")
    for layer in layers:
        args.add(layer.descriptor, format = "--layer=%s")
        shape = shape_of(layer)
        if shape:
            args.add(shape, format = "--shape=%s")
            shapes.append(shape)
    args.add(json.encode(settings), format = "--settings=%s")
    for flag, file in files.items():
        args.add(file, format = "--" + flag + "=%s")
    args.add(config, format = "--output=%s")
    args.add(descriptor, format = "--descriptor=%s")
    run_tool(
        ctx,
        "mkconfig",
        args,
        inputs = [layer.descriptor for layer in layers] + shapes + files.values() +
                 ([base.config, base.descriptor] if base else []),
        outputs = [config, descriptor],
        mnemonic = "MkConfig",
        progress_message = "Writing config of image %{label}",
        resource_set = small,
    )

def make_manifest(ctx, config_descriptor, base, layers, annotations, annotations_file, outputs, status = None):
    """Declares the action that writes a manifest.

    Args:
      ctx: The rule's context.
      config_descriptor: The File that make_config wrote.
      base: ImageInfo of the base, or None.
      layers: list of LayerInfo to put on top.
      annotations: dict of the manifest's annotations.
      annotations_file: The File with more annotations, or None.
      outputs: struct of the Files document, descriptor and digest.
      status: The File with the workspace status for variables in annotations, or None.
    """
    args = new_args(ctx)
    args.add(config_descriptor, format = "--config=%s")
    if base:
        args.add(base.manifest, format = "--base-manifest=%s")
    descriptors = [layer.descriptor for layer in layers]
    args.add_all(descriptors, format_each = "--layer=%s")
    stated = _add_document(args, annotations, annotations_file, outputs, status)
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

def describe_file(ctx, file, media_type, title, descriptor):
    """Declares the action that describes a file of an artifact.

    Args:
      ctx: The rule's context.
      file: The File.
      media_type: Its media type.
      title: The relative path to which clients write the file, or an empty string.
      descriptor: The File for its descriptor.
    """
    args = new_args(ctx)
    args.add(file, format = "--file=%s")
    args.add(media_type, format = "--media-type=%s")
    if title:
        args.add(title, format = "--title=%s")
    args.add(descriptor, format = "--output=%s")
    run_tool(
        ctx,
        "mkblob",
        args,
        inputs = [file],
        outputs = [descriptor],
        mnemonic = "MkBlob",
        progress_message = "Describing a file of artifact %{label}",
        resource_set = small,
    )

def make_artifact(ctx, artifact, outputs):
    """Declares the action that writes the manifest of an artifact.

    Args:
      ctx: The rule's context.
      artifact: struct of artifact_type (string, may be empty), config (the File with the config's descriptor, or None), files
        (list of the Files with the descriptors of the files), subject (the File with the subject's descriptor, or None),
        annotations (dict), annotations_file (the File with more of them, or None) and status (the File with the workspace status
        for variables in annotations, or None).
      outputs: struct of the Files document, descriptor and digest.
    """
    args = new_args(ctx)
    args.add("--artifact")
    if artifact.artifact_type:
        args.add(artifact.artifact_type, format = "--artifact-type=%s")
    if artifact.config:
        args.add(artifact.config, format = "--config=%s")
    if artifact.subject:
        args.add(artifact.subject, format = "--subject=%s")
    args.add_all(artifact.files, format_each = "--layer=%s")
    stated = _add_document(args, artifact.annotations, artifact.annotations_file, outputs, artifact.status)
    run_tool(
        ctx,
        "mkmanifest",
        args,
        inputs = artifact.files + [file for file in (artifact.config, artifact.subject) if file] + stated,
        outputs = [outputs.document, outputs.descriptor, outputs.digest],
        mnemonic = "MkManifest",
        progress_message = "Writing manifest of artifact %{label}",
        resource_set = small,
    )

def make_index(ctx, children, annotations, annotations_file, outputs, status = None):
    """Declares the action that writes an image index.

    Args:
      ctx: The rule's context.
      children: list of ImageInfo and of IndexInfo, whose images are listed in its place, in the order of the index.
      annotations: dict of the index's annotations.
      annotations_file: The File with more annotations, or None.
      outputs: struct of the Files document, descriptor and digest.
      status: The File with the workspace status for variables in annotations, or None.
    """
    args = new_args(ctx)
    documents = []
    for child in children:
        is_index = hasattr(child, "index")
        document = child.index if is_index else child.descriptor
        args.add(document, format = "--index=%s" if is_index else "--image=%s")
        documents.append(document)
    stated = _add_document(args, annotations, annotations_file, outputs, status)
    run_tool(
        ctx,
        "mkindex",
        args,
        inputs = documents + stated,
        outputs = [outputs.document, outputs.descriptor, outputs.digest],
        mnemonic = "MkIndex",
        progress_message = "Writing image index %{label}",
        resource_set = small,
    )

def _add_document(args, annotations, annotations_file, outputs, status):
    """Adds the flags for annotations and outputs of a document, and returns the input Files as a list."""
    add_annotations(args, annotations)
    if annotations_file:
        args.add(annotations_file, format = "--annotations-file=%s")
    if status:
        args.add(status, format = "--status=%s")
    args.add(outputs.document, format = "--output=%s")
    args.add(outputs.descriptor, format = "--descriptor=%s")
    args.add(outputs.digest, format = "--digest=%s")
    return [file for file in [annotations_file, status] if file]

def add_annotations(args, annotations):
    """Adds a dict of annotations as flags."""
    if annotations:
        args.add_all([
            "--annotation=%s=%s" % (escape(key), value)
            for key, value in annotations.items()
        ])

# The names of an image without any, and those of an archive's images otherwise: see make_archive.
NO_NAMES = struct(files = [], referrers = [], roots = [], status = [], tags = [])

def make_layout(ctx, contents, names, directory):
    """Declares the action that writes an image layout, a directory of regular files.

    Args:
      ctx: The rule's context.
      contents: The contents as returned by contents.bzl.
      names: The names as in make_archive. A single image gets none, because some readers of layouts accept only one entry.
      directory: The File to write.
    """
    args = new_args(ctx)
    args.add_all([directory], format_each = "--layout=%s", expand_directories = False)
    if not names.roots and names != NO_NAMES:
        names = struct(files = [], referrers = names.referrers, roots = [], status = [], tags = [])
    _pack(ctx, args, contents, names, directory, "Writing image layout of %{label}")

def make_archive(ctx, contents, names, archive):
    """Declares the action that writes a tar that is both an OCI archive and a docker-archive.

    Args:
      ctx: The rule's context.
      contents: The contents as returned by contents.bzl.
      names: struct of tags (list of names for the image when it is loaded), files (list of Files with more of them), status
        (list of Files with the workspace status), referrers (list of Files with the descriptors of artifacts to list after the
        images) and, for several images, roots (list of structs of name and root).
      archive: The File to write.
    """
    args = new_args(ctx)
    args.add(archive, format = "--archive=%s")
    _pack(ctx, args, contents, names, archive, "Writing image archive of %{label}")

def _pack(ctx, args, contents, names, output, progress_message):
    for values, format in [
        (names.tags, "--name=%s"),
        (names.files, "--name-file=%s"),
        (names.referrers, "--referrer=%s"),
        (names.status, "--status=%s"),
    ]:
        if values:
            args.add_all(values, format_each = format)
    add_contents(args, contents, names.roots)
    run_tool(
        ctx,
        "mklayout",
        args,
        inputs = depset(names.files + names.status, transitive = [contents.files]),
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
      choice: dict of the flags (platform, ref) that select an image if the source has several, and of flags that may be
        repeated (except), with lists as values. Empty ones are omitted.
      outputs: dict from flag (manifest, config, index, descriptor, digest, shape, blobs) to the File to write.
      progress_message: What Bazel shows while the action runs.
    """
    args = new_args(ctx)
    args.add_all([source], format_each = "--source=%s", expand_directories = False)
    for flag, value in choice.items():
        values = value if type(value) == "list" else [value] if value else []
        args.add_all(values, format_each = "--" + flag + "=%s")
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
