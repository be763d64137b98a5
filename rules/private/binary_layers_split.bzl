"""Assigns the files of a program to layers: a pure function of the build graph.

Each directory directly below `.runfiles` belongs to the main repository or an external one, and goes to a single layer as
a whole, except files that the user puts into a group by label. Two inputs for the same path therefore always meet in one
layer, where the tool detects the conflict.
"""

load(":layer_groups.bzl", "group_of_label", "group_of_repository")
load(":paths.bzl", "below", "empty_rlocation", "literal", "rlocation")

visibility(["//rules/..."])

# The group of first-party code, the program itself, and everything else outside external repositories.
APP = "app"

# Attributes that list the content of a program, as opposed to the tools that build it: interpreters and launchers come
# from toolchains and private attributes.
_CONTENT = [
    "actual",
    "binary",
    "data",
    "deps",
    "dynamic_deps",
    "embed",
    "exports",
    "implementation_deps",
    "resources",
    "runtime_deps",
    "src",
    "srcs",
]

ReachedInfo = provider(
    doc = "The repositories that a program's content comes from.",
    fields = {"repositories": "(depset[str]) Names of repositories; the main one's is empty."},
)

def _reach_impl(target, ctx):
    names = {target.label.repo_name: None}
    below = []
    for attribute in _CONTENT:
        value = getattr(ctx.rule.attr, attribute, None)
        for dep in value if type(value) in ["dict", "list"] else [value]:
            if type(dep) == "Target":
                # Aspects do not visit source files, although they are Targets.
                names[dep.label.repo_name] = None
                if ReachedInfo in dep:
                    below.append(dep[ReachedInfo].repositories)
    return [ReachedInfo(repositories = depset(names.keys(), transitive = below))]

reach = aspect(
    doc = "Collects the repositories that a program's content comes from.",
    implementation = _reach_impl,
    attr_aspects = _CONTENT,
)

def group_of(repository, reached, max_layers):
    """Returns the group that an external repository belongs to.

    The group depends only on the arguments, so adding a repository to the build does not move other ones.

    Args:
      repository: Name of the repository.
      reached: dict whose keys are the repositories that content comes from.
      max_layers: Maximum number of groups, including APP.

    Returns:
      Name of the group: APP, `tools` or `external-NUMBER`.
    """
    if max_layers == 1:
        return APP
    if max_layers == 2:
        return "external-0"
    if repository not in reached:
        return "tools"
    return "external-%d" % (hash(repository) % (max_layers - 2))

def group_order(max_layers):
    """Lists the groups.

    Args:
      max_layers: Maximum number of groups.

    Returns:
      list of the names of all possible groups, starting with those that change least often.
    """
    if max_layers == 1:
        return [APP]
    buckets = ["external-%d" % number for number in range(max(1, max_layers - 2))]
    return (["tools"] if max_layers > 2 else []) + buckets + [APP]

def is_for(pattern, path, group, part):
    """Returns whether metadata with a pattern applies to a group.

    Globs apply to all groups. Paths apply only to groups that contain them, because a path that a layer lacks is an error.

    Args:
      pattern: The pattern.
      path: Path of the program in the image.
      group: Name of the group.
      part: The part that split_program returns for the group.

    Returns:
      bool.
    """
    place, root = literal(pattern), path + ".runfiles"
    if place == None or path.startswith(place.rstrip("/") + "/"):
        return True  # the program's parents are in every layer
    if place == root:
        return bool(part.mappings or [kind for kind in _PLACE if getattr(part, kind)])
    inside = below(place, root) or ""
    if inside and part.places:
        return group in _holders(inside, part.places)
    return part.directories.get(inside.partition("/")[0], APP) == group

def _holders(inside, places):
    """Returns the groups that contain a path below the runfiles directory, or APP if none does."""
    found = {
        group: None
        for place, group in places.items()
        if below(place, inside) != None or below(inside, place) != None
    }
    return found or {APP: None}

# The path of each kind of runfile below the runfiles directory.
_PLACE = {
    "empty_filenames": empty_rlocation,
    "files": lambda file, workspace: rlocation(file.short_path, workspace),
    "root_symlinks": lambda link, _workspace: link.path,
    "symlinks": lambda link, workspace: rlocation(link.path, workspace),
}

def _owner(value):
    """Returns the label of a File or a SymlinkEntry, or None for an empty file."""
    return getattr(getattr(value, "target_file", value), "owner", None)

def split_program(whole, reached, max_layers, workspace, chosen = {}, patterns = []):
    """Splits a program and its runfiles into groups.

    Flattens depsets of runfiles; docs/runfiles.md explains why, and the cost.

    Args:
      whole: The program as returned by whole_program in entries.bzl.
      reached: dict whose keys are the repositories that content comes from.
      max_layers: Maximum number of groups.
      workspace: Name of the main repository's runfiles.
      chosen: The attribute `groups`, whose groups are above those of external repositories and below APP.
      patterns: Its patterns as returned by parse_groups.

    Returns:
      dict from the name of each non-empty group to its part of the program, a struct like whole, starting with groups that
      change least often. Each part also has the fields directories, a dict from the names of directories directly below the
      runfiles directory to their group, and places, a dict from all paths below the runfiles directory to their group, which
      is empty without patterns.
    """
    groups = {workspace: APP}
    parts = {}
    places = {}
    order = group_order(max_layers)
    order = order[:-1] + chosen.keys() + order[-1:]
    for kind in ["files", "empty_filenames", "symlinks", "root_symlinks"]:
        place = _PLACE[kind]
        for value in getattr(whole, kind).to_list():
            path = place(value, workspace)
            repository = path.partition("/")[0]
            group = groups.get(repository)
            if not group:
                # Other kinds may add paths outside any repository.
                group = APP
                if kind == "files":
                    group = group_of_repository(patterns, repository) or group_of(repository, reached, max_layers)
                groups[repository] = group
            if patterns:
                label = _owner(value)
                group = places.setdefault(path, label and group_of_label(patterns, label) or group)
            parts.setdefault((group, kind), []).append(value)
    return {
        group: struct(
            beside = whole.beside if group == APP else depset(),
            directories = groups,
            executables = whole.executables if group == APP else depset(),
            mappings = whole.mappings if group == APP else depset(),
            places = places,
            **{kind: depset(parts.get((group, kind), [])) for kind in _PLACE}
        )
        for group in order
        if group == APP or any([(group, kind) in parts for kind in _PLACE])
    }
