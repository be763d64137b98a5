"""Programs behind a label: which files of a target are programs, and what each of them needs beside itself."""

load(":paths.bzl", "below", "join", "package_relative")

visibility(["//rules/..."])

# Attributes by which rules name what they hand on. Those by which they name what they are made of, like deps, are none of
# them: looking there would take a walk through the whole graph below a program.
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
    doc = "The programs that a target is or hands on.",
    fields = {"programs": "(depset[struct]) For each: executable, a File, and info, its target's DefaultInfo."},
)

def is_program(files_to_run):
    """Tells whether a FilesToRunProvider is that of a program with runfiles."""

    # A plain file has files_to_run too, but only what a rule made executable has a manifest of its runfiles or of
    # repositories. The former is missing under --nobuild_runfile_manifests, the latter without modules.
    return bool(files_to_run and files_to_run.executable and
                (files_to_run.runfiles_manifest or files_to_run.repo_mapping_manifest))

def _programs_impl(target, ctx):
    info = target[DefaultInfo]
    files_to_run = info.files_to_run

    # A genrule may be executable and yet have no runfiles; its attribute tells it from a filegroup of one file.
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
    doc = "Finds the programs that a target is or hands on, with the runfiles that each has of its own.",
    implementation = _programs_impl,
    attr_aspects = _MEMBERS,
    apply_to_generating_rules = True,
)

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
    """Returns an executable's other default outputs, as far as they are not among its runfiles.

    Those that are, like the script of an sh_binary, are found there.

    Args:
      info: The executable's DefaultInfo.

    Returns:
      list of Files.
    """
    executable = info.files_to_run.executable
    others = [file for file in info.files.to_list() if file != executable]  # mostly none, or the source
    if not others:
        return []
    runfiles = {file: None for file in info.default_runfiles.files.to_list()}
    return [file for file in others if file not in runfiles]

def place_beside(program, file):
    """Returns where an output goes, as seen from its program's directory.

    Args:
      program: The executable, a File.
      file: Another output of its target.

    Returns:
      The path: below the program's directory as the build has it, or else below the package.
    """
    return below(file.short_path, program.short_path.rpartition("/")[0]) or package_relative(file)

def left_behind(target, programs):
    """Returns the runfiles of a target which is no program itself that are neither its files nor a program's.

    Args:
      target: The Target.
      programs: What programs_in returns for it.

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
    # Rules for C++ give each shared library a second name, for programs that are linked with it.
    return file.short_path.startswith("_solib_") and any([file.basename.endswith(o.basename) for o in outputs])

# How a program's libraries are found under the name that it had in the build: by links to those beside it, or as copies.
LINKED = "linked"
COPIED = "copied"

def own_names(plans, symlinks):
    """Says which programs need their libraries under the names that the programs had in the build, too.

    A program that is linked with shared libraries looks for them in `NAME.runfiles` beside itself, and NAME is what its
    target made it, whatever it is called in the image.

    Args:
      plans: list of what plan_target returns.
      symlinks: The rule's attribute: a link that stands there already is left alone.

    Returns:
      dict from the place of a program to LINKED, or to COPIED where programs of several targets share NAME and the
      directory. What needs nothing is not in it.
    """
    programs = [(place, program.executable) for plan in plans for place, program in plan.programs.items()]
    claims = {}
    for place, executable in programs:
        claims.setdefault(own_root(place, executable), {}).setdefault(executable, []).append(place)
    names = {}
    for root, claim in claims.items():
        for places in claim.values():
            # The first place is enough for all; if one has the program's own name, its runfiles are there.
            if root not in symlinks and root not in [place + ".runfiles" for place in places]:
                names[places[0]] = LINKED if len(claim) == 1 else COPIED
    return names

def own_root(place, executable):
    """Returns where a program at a place looks for its runfiles if it goes by the name that it had in the build."""
    return join(place.rpartition("/")[0], executable.basename + ".runfiles")
