"""Which layer a program's file goes to: a pure function of the build graph.

Every directory directly below `.runfiles`, which is the main repository's or an external one's, goes to one layer
whole. So two inputs for one path always meet in one layer, where the tool refuses them as in a layer of all files.
"""

load(":paths.bzl", "below", "empty_rlocation", "literal", "rlocation")

visibility(["//rules/..."])

# The group of first-party code, of the program itself, and of all that belongs to no external repository.
APP = "app"

# Attributes by which rules name what a program is made of, as opposed to what it is made with: interpreters and
# launchers come through toolchains and attributes that users do not see.
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
                # A source file is a Target that no aspect visits.
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
    """Says which group an external repository belongs to.

    The groups depend on nothing but the arguments: another repository in the build does not move this one.

    Args:
      repository: Name of the repository.
      reached: dict whose keys are the repositories that content comes from.
      max_layers: How many groups there may be, APP included.

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
      max_layers: How many groups there may be.

    Returns:
      list of the names of all groups that there may be, those that change least first.
    """
    if max_layers == 1:
        return [APP]
    buckets = ["external-%d" % number for number in range(max(1, max_layers - 2))]
    return (["tools"] if max_layers > 2 else []) + buckets + [APP]

def is_for(pattern, path, group, part):
    """Says whether metadata with a pattern is for a group.

    A glob is for all groups. A path is for those that have it, because a path that a layer does not have is an error.

    Args:
      pattern: The pattern.
      path: Where the program stands in the image.
      group: Name of the group.
      part: What split_program returns for it.

    Returns:
      bool.
    """
    place, root = literal(pattern), path + ".runfiles"
    if place == None or path.startswith(place.rstrip("/") + "/"):
        return True  # the program's parents are in every layer
    if place == root:
        return bool(part.mappings or [kind for kind in _PLACE if getattr(part, kind)])
    name = (below(place, root) or "").partition("/")[0]
    return part.directories.get(name, APP) == group

# Where a runfile of each kind goes, below the runfiles directory.
_PLACE = {
    "empty_filenames": empty_rlocation,
    "files": lambda file, workspace: rlocation(file.short_path, workspace),
    "root_symlinks": lambda link, _workspace: link.path,
    "symlinks": lambda link, workspace: rlocation(link.path, workspace),
}

def split_program(whole, reached, max_layers, workspace):
    """Splits a program and its runfiles into groups.

    This is the one place where depsets of runfiles are flattened; docs/runfiles.md says why, and what it costs.

    Args:
      whole: What entries.bzl's whole_program returns.
      reached: dict whose keys are the repositories that content comes from.
      max_layers: How many groups there may be.
      workspace: Name of the main repository's runfiles.

    Returns:
      dict from a group's name to what is in it, in the form of whole, for groups that are not empty; those that change
      least come first. Each also has directories, a dict from the names of directories directly below the runfiles
      directory to the group that has them.
    """
    groups = {workspace: APP}
    parts = {}
    for kind in ["files", "empty_filenames", "symlinks", "root_symlinks"]:
        place = _PLACE[kind]
        for value in getattr(whole, kind).to_list():
            repository = place(value, workspace).partition("/")[0]
            group = groups.get(repository)
            if not group:
                # Other kinds may make something that is no repository's.
                group = group_of(repository, reached, max_layers) if kind == "files" else APP
                groups[repository] = group
            parts.setdefault((group, kind), []).append(value)
    return {
        group: struct(
            beside = whole.beside if group == APP else depset(),
            directories = groups,
            executables = whole.executables if group == APP else depset(),
            mappings = whole.mappings if group == APP else depset(),
            **{kind: depset(parts.get((group, kind), [])) for kind in _PLACE}
        )
        for group in group_order(max_layers)
        if group == APP or any([(group, kind) in parts for kind in _PLACE])
    }
