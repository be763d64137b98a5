"""From a target to a layer's entries: which flags of mklayer stand for its files, and which Files those need."""

load(":paths.bzl", "escape", "join", "package_relative", "rlocation")

visibility(["//rules/..."])

_NOT_ONE_FILE = """{label}: attribute files: {path} names one file, but {target} stands for {count}.
Use "{path}/" to put them all into that directory."""

def add_target(args, path, target, workspace, label):
    """Adds the entries for one item of the attribute `files`.

    Args:
      args: Args to add flags to.
      path: The path in the image; one that ends in `/` is a directory to put files in.
      target: The Target.
      workspace: Name of the main repository's runfiles.
      label: Label of the layer, for messages.

    Returns:
      depset of the Files that the flags name.
    """
    info = target[DefaultInfo]
    if _is_program(info.files_to_run):
        program = info.files_to_run.executable
        return _add_program(args, join(path, program.basename) if path.endswith("/") else path, info, workspace)
    if path.endswith("/"):
        _add_files(args, path, info.files)
        return info.files
    files = info.files.to_list()  # One file, or an error.
    if len(files) != 1:
        fail(_NOT_ONE_FILE.format(label = label, path = path, target = target.label, count = "%d files" % len(files)))
    args.add_all(files, map_each = lambda file: _entry(path, file), allow_closure = True, expand_directories = False)
    return info.files

def _is_program(files_to_run):
    # A plain file has files_to_run too, but only what a rule made executable has runfiles.
    return bool(files_to_run and files_to_run.executable and files_to_run.runfiles_manifest)

def _entry(path, file):
    kind = "tree" if file.is_directory else "file"
    return "--%s=%s=%s" % (kind, escape(path), file.path)

def _add_files(args, directory, files):
    args.add_all(
        files,
        map_each = lambda file: _entry(join(directory, package_relative(file)), file),
        allow_closure = True,
        expand_directories = False,
    )

def _add_program(args, path, info, workspace):
    program = info.files_to_run.executable
    runfiles = info.default_runfiles
    root = path + ".runfiles"

    def runfile(file):
        place = join(root, rlocation(file.short_path, workspace))
        if file == program:
            # The program stands in the image once; a launcher that looks for it here finds it through a link.
            return "--symlink=%s=%s" % (escape(place), _up(place, root) + path.split("/")[-1])
        return _entry(place, file)

    args.add_all([program], map_each = lambda file: "--executable=%s=%s" % (escape(path), file.path), allow_closure = True)
    args.add_all(runfiles.files, map_each = runfile, allow_closure = True, expand_directories = False)
    args.add_all(
        runfiles.empty_filenames,
        map_each = lambda name: "--empty-file=" + join(root, rlocation(name, workspace)),
        allow_closure = True,
    )
    inputs = [depset([program]), runfiles.files]
    for prefix, links in [(join(root, workspace), runfiles.symlinks), (root, runfiles.root_symlinks)]:
        args.add_all(links, map_each = _link_mapper(prefix), allow_closure = True)
        inputs.append(depset([link.target_file for link in links.to_list()]))
    mapping = info.files_to_run.repo_mapping_manifest
    if mapping:
        args.add_all([mapping], map_each = lambda file: _entry(join(root, "_repo_mapping"), file), allow_closure = True)
        inputs.append(depset([mapping]))
    return depset(transitive = inputs)

def _link_mapper(prefix):
    return lambda link: _entry(join(prefix, link.path), link.target_file)

def _up(place, root):
    """Returns the way from place's directory to the directory that holds root, as "../"s."""
    return "../" * (place.count("/") - root.count("/"))
