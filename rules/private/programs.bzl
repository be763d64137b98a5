"""Finds the programs among the files of a target, and the files that each program needs next to it."""

load(":paths.bzl", "below", "join", "package_relative")

visibility(["//rules/..."])

# Attributes that list targets whose files a rule forwards. This excludes attributes that list inputs, like deps: following
# them would visit the whole graph below a program.
_MEMBERS = [
    "actual",
    "binaries",
    "binary",
    "data",
    "executables",
    "files",
    "programs",
    "src",
    "srcs",
    "target",
    "targets",
    "tools",
]

ProgramsInfo = provider(
    doc = "The programs that a target is or forwards.",
    fields = {"programs": "(depset[struct]) For each program, executable, a File, and info, its target's DefaultInfo."},
)

def is_program(files_to_run):
    """Returns whether a FilesToRunProvider belongs to a program with runfiles."""

    # Plain files have files_to_run too, but only targets of executable rules have a runfiles manifest or a repository
    # mapping manifest. The former is missing with --nobuild_runfile_manifests, the latter without Bazel modules.
    return bool(files_to_run and files_to_run.executable and
                (files_to_run.runfiles_manifest or files_to_run.repo_mapping_manifest))

def _programs_impl(target, ctx):
    info = target[DefaultInfo]
    files_to_run = info.files_to_run

    # A genrule may be executable without having runfiles. Its attribute distinguishes it from a filegroup with one file.
    if is_program(files_to_run) or (
        files_to_run and files_to_run.executable and getattr(ctx.rule.attr, "executable", False) == True
    ):
        return [ProgramsInfo(programs = depset([struct(executable = files_to_run.executable, info = info)]))]
    handed_on = []
    for attribute in _MEMBERS:
        value = getattr(ctx.rule.attr, attribute, None)
        for member in value if type(value) == "list" else [value]:
            if type(member) == "Target" and ProgramsInfo in member:
                handed_on.append(member[ProgramsInfo].programs)
    return [ProgramsInfo(programs = depset(transitive = handed_on))]

programs_of = aspect(
    doc = "Finds the programs that a target is or forwards, each with its own runfiles.",
    implementation = _programs_impl,
    attr_aspects = _MEMBERS,
    apply_to_generating_rules = True,
)

def is_source_file(target):
    """Returns whether a Target with the aspect programs_of is a file that no rule makes, which aspects do not visit."""
    return ProgramsInfo not in target

def programs_in(target):
    """Returns the programs among a target's files.

    Args:
      target: A Target with the aspect programs_of, or a file.

    Returns:
      dict from the program, a File, to its target's DefaultInfo.
    """
    known = target[ProgramsInfo].programs.to_list() if ProgramsInfo in target else []
    if not known:
        return {}
    files = {file: None for file in target[DefaultInfo].files.to_list()}
    return {program.executable: program.info for program in known if program.executable in files}

def outputs_beside(info):
    """Returns the other default outputs of an executable that are not in its runfiles.

    Programs find those that are, like the script of an sh_binary, in the runfiles.

    Args:
      info: The executable's DefaultInfo.

    Returns:
      list of Files.
    """
    executable = info.files_to_run.executable
    others = [file for file in info.files.to_list() if file != executable]  # usually empty, or the source
    if not others:
        return []
    runfiles = {file: None for file in info.default_runfiles.files.to_list()}
    return [file for file in others if file not in runfiles]

def place_beside(program, file):
    """Returns the path of an output in the image, relative to its program's directory.

    Args:
      program: The executable, a File.
      file: Another output of its target.

    Returns:
      The path relative to the program's directory in the build or, for outputs outside it, to the package.
    """
    return below(file.short_path, program.short_path.rpartition("/")[0]) or package_relative(file)

def left_behind(target, programs):
    """Returns the runfiles of a target that is not a program, except its own files and the runfiles of its programs.

    Args:
      target: The Target.
      programs: The programs as returned by programs_in.

    Returns:
      list of Files.
    """
    info = target[DefaultInfo]
    needed = {file: None for file in _runfiles(info)}
    if not needed:
        return []
    outputs = info.files.to_list()
    there = {file: None for file in outputs}
    for program in programs.values():
        there |= {file: None for file in _runfiles(program)}
    return [file for file in needed if file not in there and not _is_second_name(file, outputs)]

def _runfiles(info):
    files = []
    for runfiles in [info.default_runfiles, info.data_runfiles]:
        if runfiles:
            files += runfiles.files.to_list()
            files += [link.target_file for link in runfiles.symlinks.to_list() + runfiles.root_symlinks.to_list()]
    return files

def _is_second_name(file, outputs):
    # C++ rules give each shared library a second name, for programs linked against it.
    return file.short_path.startswith("_solib_") and any([file.basename.endswith(o.basename) for o in outputs])

# How a program finds its libraries under the name that it had in the build: through links to its runfiles, or as copies.
LINKED = "linked"
COPIED = "copied"

def own_names(plans, symlinks):
    """Finds the programs that also need their libraries under the name that the program had in the build.

    A program linked against shared libraries looks for them in `NAME.runfiles` next to it. NAME is the program's name in the
    build, whatever its name in the image.

    Args:
      plans: list of plans as returned by plan_target.
      symlinks: The rule's attribute. A symlink that is already at the path of a runfiles directory is left unchanged.

    Returns:
      dict from the path of a program to LINKED, or to COPIED if programs of several targets share NAME and the directory.
      Other programs are not in the dict.
    """
    programs = [(place, program.executable) for plan in plans for place, program in plan.programs.items()]
    claims = {}
    for place, executable in programs:
        claims.setdefault(own_root(place, executable), {}).setdefault(executable, []).append(place)
    names = {}
    for root, claim in claims.items():
        for places in claim.values():
            # One path is enough for all of them. If one already has the program's own name, its runfiles are there.
            if root not in symlinks and root not in [place + ".runfiles" for place in places]:
                names[places[0]] = LINKED if len(claim) == 1 else COPIED
    return names

def own_root(place, executable):
    """Returns the path where a program looks for its runfiles if it uses the name that it had in the build."""
    return join(place.rpartition("/")[0], executable.basename + ".runfiles")
