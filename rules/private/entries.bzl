"""From a target to a layer's entries: which flags of mklayer stand for its files, and which Files those need."""

load(
    ":paths.bzl",
    "below",
    "clean",
    "empty_rlocation",
    "escape",
    "join",
    "package_relative",
    "repository_relative",
    "rlocation",
)

visibility(["//rules/..."])

_NOT_ONE_FILE = """{label}: attribute files: {path} names one file, but {target} stands for {count}.
Use "{path}/" to put them all into that directory."""

_NOT_BELOW = """{label}: attribute strip_prefix: {target} has {path}, which is not below {prefix}.
strip_prefix holds for tars and for all that files puts into a directory; it is a path below the label's package, or
with a slash before it below the repository's root. Put other files into an image_layer of their own."""

def add_target(ctx, args, path, target, strip_prefix):
    """Adds the entries for one item of the attribute `files`.

    Args:
      ctx: The rule's context.
      args: Args to add flags to.
      path: The path in the image; one that ends in `/` is a directory to put files in.
      target: The Target.
      strip_prefix: The rule's attribute.

    Returns:
      depset of the Files that the flags name.
    """
    info = target[DefaultInfo]
    if _is_program(info.files_to_run):
        program = info.files_to_run.executable
        place = join(path, program.basename) if path.endswith("/") else path
        return add_program(args, place, program, whole_program(info), ctx.workspace_name)
    if path.endswith("/"):
        if strip_prefix:
            _check_below(ctx.label, target, strip_prefix)
        _add_files(args, path, info.files, strip_prefix)
        return info.files
    files = info.files.to_list()  # One file, or an error.
    if len(files) != 1:
        count = "%d files" % len(files)
        fail(_NOT_ONE_FILE.format(label = ctx.label, path = path, target = target.label, count = count))
    args.add_all(files, map_each = lambda file: _entry(path, file), allow_closure = True, expand_directories = False)
    return info.files

def _check_below(label, target, strip_prefix):
    # Flattens a depset, for those who ask for it: while the action runs it would be too late for words.
    for file in target[DefaultInfo].files.to_list():
        if _placed("/", file, strip_prefix) == None:
            fail(_NOT_BELOW.format(
                label = label,
                path = _seen_from(file, strip_prefix),
                prefix = strip_prefix,
                target = target.label,
            ))

def _is_program(files_to_run):
    # A plain file has files_to_run too, but only what a rule made executable has a manifest of its runfiles or of
    # repositories. The former is missing under --nobuild_runfile_manifests, the latter without modules.
    return bool(files_to_run and files_to_run.executable and
                (files_to_run.runfiles_manifest or files_to_run.repo_mapping_manifest))

def _entry(path, file, inside = ""):
    kind = "tree" if file.is_directory else "file"
    return "--%s=%s=%s" % (kind, escape(path), file.path + inside)

def _seen_from(file, strip_prefix):
    """Returns the path that strip_prefix is compared with."""
    return repository_relative(file) if strip_prefix.startswith("/") else package_relative(file)

def _placed(directory, file, strip_prefix):
    """Returns the flag for a file that goes into a directory, or None if strip_prefix does not lead to it."""
    path, prefix = _seen_from(file, strip_prefix), clean(strip_prefix)
    rest = below(path, prefix)
    if rest:
        return _entry(join(directory, rest), file)
    if not file.is_directory:
        return None

    # The prefix is the directory, or a directory in it.
    inside = below(prefix, path)
    if inside == None:
        return None
    return _entry(directory.rstrip("/") or "/", file, "/" + inside if inside else "")

def _add_files(args, directory, files, strip_prefix):
    args.add_all(
        files,
        map_each = lambda file: _placed(directory, file, strip_prefix),
        allow_closure = True,
        expand_directories = False,
    )

def whole_program(info):
    """Returns what an executable brings into an image: itself, and its runfiles.

    Args:
      info: The executable's DefaultInfo.

    Returns:
      struct for add_program, each field a depset: executables and mappings (of one File at most), files (of Files),
      empty_filenames (of strings), symlinks and root_symlinks (of SymlinkEntry).
    """
    runfiles = info.default_runfiles
    mapping = info.files_to_run.repo_mapping_manifest
    return struct(
        executables = depset([info.files_to_run.executable]),
        mappings = depset([mapping] if mapping else []),
        files = runfiles.files,
        empty_filenames = runfiles.empty_filenames,
        symlinks = runfiles.symlinks,
        root_symlinks = runfiles.root_symlinks,
    )

def add_program(args, path, program, part, workspace):
    """Adds the entries for an executable and its runfiles, or for a part of them.

    Args:
      args: Args to add flags to.
      path: The executable's path in the image; its runfiles go to `PATH.runfiles`.
      program: The executable, a File.
      part: What to add of it, as whole_program returns it.
      workspace: Name of the main repository's runfiles.

    Returns:
      depset of the Files that the flags name.
    """
    root = path + ".runfiles"

    def runfile(file):
        place = join(root, rlocation(file.short_path, workspace))
        if file == program:
            # The program stands in the image once; a launcher that looks for it here finds it through a link.
            return "--symlink=%s=%s" % (escape(place), _up(place, root) + path.split("/")[-1])
        return _entry(place, file)

    def add(values, map_each):
        args.add_all(values, map_each = map_each, allow_closure = True, expand_directories = False)

    add(part.executables, lambda file: "--executable=%s=%s" % (escape(path), file.path))
    add(part.files, runfile)
    add(part.empty_filenames, lambda name: "--empty-file=" + join(root, empty_rlocation(name, workspace)))
    add(part.symlinks, lambda link: _entry(join(root, rlocation(link.path, workspace)), link.target_file))
    add(part.root_symlinks, lambda link: _entry(join(root, link.path), link.target_file))
    add(part.mappings, lambda file: _entry(join(root, "_repo_mapping"), file))
    targets = [link.target_file for links in (part.symlinks, part.root_symlinks) for link in links.to_list()]
    return depset(targets, transitive = [part.executables, part.files, part.mappings])

def _up(place, root):
    """Returns the way from place's directory to the directory that holds root, as "../"s."""
    return "../" * (place.count("/") - root.count("/"))
