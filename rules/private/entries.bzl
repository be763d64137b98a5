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

_NOT_ONE_FILE = """{label}: attribute files: {path} names one file, but {target} stands for {count}.
Use "{path}/" to put them all into that directory."""

_NOT_BELOW = """{label}: attribute strip_prefix: {target} has {path}, which is not below {prefix}.
strip_prefix holds for tars and for all that files puts into a directory; it is a path below the label's package, or
with a slash before it below the repository's root. Put other files into an image_layer of their own."""

def plan_target(label, path, target, strip_prefix):
    """Says what one item of the attribute `files` stands for.

    Args:
      label: Label of the layer, for messages.
      path: The path in the image; one that ends in `/` is a directory to put files in.
      target: The Target, with the aspect programs_of.
      strip_prefix: The rule's attribute.

    Returns:
      struct of target, path, strip_prefix; files, a depset of the Files that go there, programs included; programs, a dict
      from the places of programs to structs of executable and whole (see whole_program); and left_behind, a list of the
      Files that the target needs and does not bring along.
    """
    info = target[DefaultInfo]
    if is_program(info.files_to_run):
        program = info.files_to_run.executable
        place = join(path, program.basename) if path.endswith("/") else path
        return _plan(target, path, strip_prefix, programs = {place: _program(info)}, files = depset())
    programs = programs_in(target)
    if path.endswith("/"):
        if strip_prefix:
            _check_below(label, target, strip_prefix)
        places = {_place(path, program, strip_prefix)[0]: program for program in programs}
    else:
        count = len(info.files.to_list())  # One file, or an error.
        if count != 1:
            fail(_NOT_ONE_FILE.format(label = label, path = path, target = target.label, count = "%d files" % count))
        places = {path: program for program in programs}
    return _plan(
        target,
        path,
        strip_prefix,
        programs = {
            place: _program(programs[program], info.files.to_list())
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

def _program(info, placed = []):
    return struct(executable = info.files_to_run.executable, whole = whole_program(info, placed))

def add_target(ctx, args, plan, names):
    """Adds the entries for one item of the attribute `files`.

    Args:
      ctx: The rule's context.
      args: Args to add flags to.
      plan: What plan_target returns.
      names: What own_names returns for all items.

    Returns:
      depset of the Files that the flags name.
    """
    inputs = [
        add_program(args, place, program.executable, program.whole, ctx.workspace_name, names.get(place))
        for place, program in plan.programs.items()
    ]
    programs = {program.executable: None for program in plan.programs.values()}
    path, strip_prefix = plan.path, plan.strip_prefix

    def entry(file):
        if file in programs:
            return None
        return _placed(path, file, strip_prefix) if path.endswith("/") else _entry(path, file)

    args.add_all(plan.files, map_each = entry, allow_closure = True, expand_directories = False)
    return depset(transitive = inputs + [plan.files])

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

def _entry(path, file, inside = ""):
    kind = "tree" if file.is_directory else "file"
    return "--%s=%s=%s" % (kind, escape(path), file.path + inside)

def _seen_from(file, strip_prefix):
    """Returns the path that strip_prefix is compared with."""
    return repository_relative(file) if strip_prefix.startswith("/") else package_relative(file)

def _place(directory, file, strip_prefix):
    """Returns where a file that goes into a directory goes, and what of it, or None if strip_prefix does not lead to it."""
    path, prefix = _seen_from(file, strip_prefix), clean(strip_prefix)
    rest = below(path, prefix)
    if rest:
        return join(directory, rest), ""
    if not file.is_directory:
        return None

    # The prefix is the directory, or a directory in it.
    inside = below(prefix, path)
    if inside == None:
        return None
    return directory.rstrip("/") or "/", ("/" + inside if inside else "")

def _placed(directory, file, strip_prefix):
    """Returns the flag for a file that goes into a directory, or None if strip_prefix does not lead to it."""
    found = _place(directory, file, strip_prefix)
    return _entry(found[0], file, found[1]) if found else None

def whole_program(info, placed = []):
    """Returns what an executable brings into an image: itself, its other outputs, and its runfiles.

    Args:
      info: The executable's DefaultInfo.
      placed: list of Files that have a place already.

    Returns:
      struct for add_program, each field a depset: executables and mappings (of one File at most), beside and files (of
      Files), empty_filenames (of strings), symlinks and root_symlinks (of SymlinkEntry).
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

def add_program(args, path, program, part, workspace, named = None):
    """Adds the entries for an executable and its runfiles, or for a part of them.

    Args:
      args: Args to add flags to.
      path: The executable's path in the image; its runfiles go to `PATH.runfiles`.
      program: The executable, a File.
      part: What to add of it, as whole_program returns it.
      workspace: Name of the main repository's runfiles.
      named: LINKED or COPIED if it needs its libraries under the name that it had in the build, see own_names.

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
    """Returns the way from place's directory to the directory that holds root, as "../"s."""
    return "../" * (place.count("/") - root.count("/"))
