"""The actions that build layers of Conda packages and environments."""

load(":run_tool.bzl", "compressing", "copying", "new_args", "run_tool", "small")

visibility(["//rules/..."])

def make_conda_python(ctx, archive, output):
    """Declares the action that reads from a Python package where noarch packages install their files.

    Args:
      ctx: The rule's context.
      archive: The File with the package.
      output: The File to write.
    """
    args = new_args(ctx)
    args.add(archive, format = "--package=%s")
    args.add(output, format = "--output=%s")
    run_tool(
        ctx,
        "mkconda",
        args,
        command = "python",
        inputs = [archive],
        outputs = [output],
        mnemonic = "MkCondaPython",
        progress_message = "Reading Python of %{label}",
        resource_set = copying,
    )

def make_conda_layer(ctx, packages, prefix, link_scripts, packing, python, layer, facts, progress_message):
    """Declares the action that builds a layer of Conda packages.

    Args:
      ctx: The rule's context.
      packages: list of structs of archive and url, dependencies first.
      prefix: Directory of the environment in the image.
      link_scripts: "error" or "ignore".
      packing: list of flags for the compression.
      python: The File that make_conda_python wrote, for noarch packages, or None.
      layer: LayerInfo with the Files to write.
      facts: The File for what make_conda_environment reads.
      progress_message: What Bazel shows while the action runs.
    """
    args = new_args(ctx)
    args.add(prefix, format = "--prefix=%s")
    args.add(link_scripts, format = "--link-scripts=%s")
    if python:
        args.add(python, format = "--python=%s")
    for package in packages:
        args.add(package.archive, format = "--package=%s")
        args.add(package.url, format = "--url=%s")
    args.add(facts, format = "--facts=%s")
    _add_layer(args, layer, packing)
    run_tool(
        ctx,
        "mkconda",
        args,
        command = "layer",
        inputs = [package.archive for package in packages] + ([python] if python else []),
        outputs = [layer.blob, layer.descriptor, layer.shape, facts],
        mnemonic = "MkCondaLayer",
        progress_message = progress_message,
        resource_set = compressing,
    )

def make_conda_environment(ctx, settings, packing, facts, layer, packages):
    """Declares the action that checks a Conda environment and builds its last layer.

    Args:
      ctx: The rule's context.
      settings: dict of flags without paths.
      packing: list of flags for the compression.
      facts: list of Files from make_conda_layer, lowest layer first.
      layer: LayerInfo with the Files to write.
      packages: The File for the list of packages.
    """
    args = new_args(ctx)
    for flag, value in settings.items():
        args.add(value, format = "--" + flag + "=%s")
    args.add_all(facts, format_each = "--facts=%s")
    args.add(packages, format = "--packages=%s")
    _add_layer(args, layer, packing)
    run_tool(
        ctx,
        "mkconda",
        args,
        command = "environment",
        inputs = facts,
        outputs = [layer.blob, layer.descriptor, layer.shape, packages],
        mnemonic = "MkCondaEnvironment",
        progress_message = "Checking Conda environment %{label}",
        resource_set = small,
    )

def _add_layer(args, layer, packing):
    args.add_all(packing)
    args.add(layer.blob, format = "--output=%s")
    args.add(layer.descriptor, format = "--descriptor=%s")
    args.add(layer.shape, format = "--shape=%s")
