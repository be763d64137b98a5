"""Converts a target to entries of a layer: flags for mklayer, and the Files that the flags refer to."""

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
load(
    ":programs.bzl",
    "COPIED",
    "is_program",
    "left_behind",
    "outputs_beside",
    "own_root",
    "place_beside",
    "programs_in",
)

visibility(["//rules/..."])

_NOT_ONE_FILE = """{label}: attribute files: {path} is the path of one file, but {target} provides {count}.
Use "{path}/" to put all of them into that directory."""

_NOT_BELOW = """{label}: attribute strip_prefix: {target} has {path}, which is not below {prefix}.
strip_prefix applies to tars and to paths in files that end in a slash. It is relative to the label's package, or, if it
starts with a slash, to the repository's root. Put other files into a separate image_layer."""

def add_source_file(label, args, path, target, strip_prefix):
    """Adds the entry for an item of the attribute `files` that is_source_file.

    Args:
      label: Label of the layer, for messages.
      args: Args to add flags to.
      path: The path in the image. If it ends in `/`, it is the directory for the file.
      target: The Target.
      strip_prefix: The rule's attribute.

    Returns:
      depset of the File.
    """
    files = target[DefaultInfo].files
    file = files.to_list()[0]  # the only one
    if path.endswith("/"):
        if strip_prefix:
            _check_below(label, target, strip_prefix)
        path = _place(path, file, strip_prefix)[0]
    _add_entry(args, path, file)
    return files

def _add_entry(args, path, file):
    """Adds the entry for a File whose path is known. It takes less memory than a function for map_each."""
    place = escape(path)
    if "%" in place:
        place = place.replace("%", "%%")
    format = "--" + _kind(file) + "=" + place + "=%s"
    if file.is_directory:
        args.add_all([file], format_each = format, expand_directories = False)
    else:
        args.add(file, format = format)

def plan_target(label, path, target, strip_prefix):
    """Determines the files and programs of an item of the attribute `files` that is not a source file.

    Args:
      label: Label of the layer, for messages.
      path: The path in the image. If it ends in `/`, it is the directory for the files.
      target: The Target, with the aspect programs_of.
      strip_prefix: The rule's attribute.

    Returns:
      struct of target, path, strip_prefix; files, a depset of the Files that go there, including programs; programs, a dict
      from the paths of programs to structs of executable and whole (see whole_program); and left_behind, a list of Files
      that the target needs at run time but that would not be in the layer.
    """
    info = target[DefaultInfo]
    if strip_prefix and path.endswith("/") and not is_program(info.files_to_run):
        _check_below(label, target, strip_prefix)
    if is_program(info.files_to_run):
        program = info.files_to_run.executable
        place = join(path, program.basename) if path.endswith("/") else path
        return _plan(target, path, strip_prefix, programs = {place: _program(info)}, files = depset())
    programs = programs_in(target)
    if path.endswith("/"):
        places = {_place(path, program, strip_prefix)[0]: program for program in programs}
    else:
        count = len(info.files.to_list())  # One file, or an error.
        if count != 1:
            fail(_NOT_ONE_FILE.format(label = label, path = path, target = target.label, count = "%d files" % count))
        places = {path: program for program in programs}
    placed = {file: None for file in info.files.to_list()} if places else {}
    return _plan(
        target,
        path,
        strip_prefix,
        programs = {
            place: _program(programs[program], placed)
            for place, program in places.items()
        },
        files = info.files,
        left_behind = left_behind(target, programs),
    )

def _plan(target, path, strip_prefix, files, programs, left_behind = []):
    return struct(
        files = files,
        left_behind = left_behind,
        path = path,
        programs = programs,
        strip_prefix = strip_prefix,
        target = target,
    )

def _program(info, placed = {}):
    return struct(executable = info.files_to_run.executable, whole = whole_program(info, placed))

def add_target(ctx, args, plan, names):
    """Adds the entries for an item of the attribute `files`.

    Args:
      ctx: The rule's context.
      args: Args to add flags to.
      plan: The plan as returned by plan_target.
      names: The result of own_names for all items.

    Returns:
      depset of the Files that the flags refer to.
    """
    path, strip_prefix = plan.path, plan.strip_prefix
    if not plan.programs and not path.endswith("/"):
        _add_entry(args, path, plan.files.to_list()[0])  # the only one
        return plan.files
    inputs = [
        add_program(args, place, program.executable, program.whole, ctx.workspace_name, names.get(place))
        for place, program in plan.programs.items()
    ]
    programs = {program.executable: None for program in plan.programs.values()}

    def entry(file):
        if file in programs:
            return None
        return _placed(path, file, strip_prefix) if path.endswith("/") else _entry(path, file)

    args.add_all(plan.files, map_each = entry, allow_closure = True, expand_directories = False)
    return depset(transitive = inputs + [plan.files])

def _check_below(label, target, strip_prefix):
    # Flattens a depset, but only if strip_prefix is set: a failure during execution could not explain the cause.
    for file in target[DefaultInfo].files.to_list():
        if _placed("/", file, strip_prefix) == None:
            fail(_NOT_BELOW.format(
                label = label,
                path = _seen_from(file, strip_prefix),
                prefix = strip_prefix,
                target = target.label,
            ))

def _entry(path, file, inside = ""):
    return "--%s=%s=%s" % (_kind(file), escape(path), file.path + inside)

def _kind(file):
    return "tree" if file.is_directory else "file"

def _seen_from(file, strip_prefix):
    """Returns the path that strip_prefix applies to."""
    return repository_relative(file) if strip_prefix.startswith("/") else package_relative(file)

def _place(directory, file, strip_prefix):
    """Returns the image path of a file in a directory and the part of the file to use, or None if it lacks strip_prefix."""
    path, prefix = _seen_from(file, strip_prefix), clean(strip_prefix)
    rest = below(path, prefix)
    if rest:
        return join(directory, rest), ""
    if not file.is_directory:
        return None

    # The prefix is this directory or a subdirectory of it.
    inside = below(prefix, path)
    if inside == None:
        return None
    return directory.rstrip("/") or "/", ("/" + inside if inside else "")

def _placed(directory, file, strip_prefix):
    """Returns the flag for a file in a directory, or None if its path lacks strip_prefix."""
    found = _place(directory, file, strip_prefix)
    return _entry(found[0], file, found[1]) if found else None

def whole_program(info, placed = {}):
    """Returns everything that an executable adds to an image: itself, its other outputs, and its runfiles.

    Args:
      info: The executable's DefaultInfo.
      placed: dict whose keys are the Files that already have a path in the image.

    Returns:
      struct for add_program. All fields are depsets: executables and mappings (at most one File each), beside and files
      (Files), empty_filenames (strings), symlinks and root_symlinks (SymlinkEntry).
    """
    runfiles = info.default_runfiles
    mapping = info.files_to_run.repo_mapping_manifest
    return struct(
        beside = depset([file for file in outputs_beside(info) if file not in placed]),
        executables = depset([info.files_to_run.executable]),
        mappings = depset([mapping] if mapping else []),
        files = runfiles.files,
        empty_filenames = runfiles.empty_filenames,
        symlinks = runfiles.symlinks,
        root_symlinks = runfiles.root_symlinks,
    )

def without_runfiles(whole):
    """Returns a struct like that of whole_program with only the executable and its other outputs."""
    return struct(
        beside = whole.beside,
        executables = whole.executables,
        mappings = depset(),
        files = depset(),
        empty_filenames = depset(),
        symlinks = depset(),
        root_symlinks = depset(),
    )

def add_program(args, path, program, part, workspace, named = None):
    """Adds the entries for an executable and its runfiles, or for part of them.

    Args:
      args: Args to add flags to.
      path: The executable's path in the image; its runfiles go to `PATH.runfiles`.
      program: The executable, a File.
      part: The part to add, a struct like that of whole_program.
      workspace: Name of the main repository's runfiles.
      named: LINKED or COPIED if it needs its libraries under the name that it had in the build, see own_names.

    Returns:
      depset of the Files that the flags refer to.
    """
    root = path + ".runfiles"

    def runfile(file):
        place = join(root, rlocation(file.short_path, workspace))
        if file == program:
            # The image contains the program only once. A launcher that looks for it here finds it through a link.
            return "--symlink=%s=%s" % (escape(place), _up(place, root) + path.split("/")[-1])
        return _entry(place, file)

    def library(file):
        if not (file.basename.endswith(".so") or ".so." in file.basename) or file.is_directory:
            return None
        name = rlocation(file.short_path, workspace)
        place = join(own_root(path, program), name)
        if named == COPIED:
            return _entry(place, file)
        return "--symlink=%s=%s" % (escape(place), "../" * (name.count("/") + 1) + join(root.split("/")[-1], name))

    def add(values, map_each):
        args.add_all(values, map_each = map_each, allow_closure = True, expand_directories = False)

    add(part.executables, lambda file: "--executable=%s=%s" % (escape(path), file.path))
    add(part.beside, lambda file: _entry(join(path.rpartition("/")[0], place_beside(program, file)), file))
    add(part.files, runfile)
    if named:
        add(part.files, library)
    add(part.empty_filenames, lambda name: "--empty-file=" + join(root, empty_rlocation(name, workspace)))
    add(part.symlinks, lambda link: _entry(join(root, rlocation(link.path, workspace)), link.target_file))
    add(part.root_symlinks, lambda link: _entry(join(root, link.path), link.target_file))
    add(part.mappings, lambda file: _entry(join(root, "_repo_mapping"), file))
    targets = [link.target_file for links in (part.symlinks, part.root_symlinks) for link in links.to_list()]
    return depset(targets, transitive = [part.beside, part.executables, part.files, part.mappings])

def _up(place, root):
    """Returns the relative path from the directory of place to the parent directory of root: a sequence of "../"."""
    return "../" * (place.count("/") - root.count("/"))
