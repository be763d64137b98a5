"""Layer groups that a user chooses: patterns of repositories and labels. Pure functions; this file loads nothing."""

visibility(["//rules/..."])

_BAD_NAME = """{label}: attribute groups: invalid name {name}.
A name consists of letters, digits, "-" and "_", and is not one of the names of the automatic split: app, tools and external-NUMBER."""

_BAD_PATTERN = """{label}: attribute groups: invalid pattern {pattern} of {name}.
Write "@REPOSITORY", in which "*" stands for any text; or "//PACKAGE:NAME", "//PACKAGE" or "//PACKAGE/...", with or without a
repository in front."""

def _is_name(name):
    return bool(name) and not [c for c in name.elems() if not (c.isalnum() or c in "-_")] and (
        name not in ["app", "tools"] and not name.startswith("external-")
    )

def parse_groups(label, groups, fail = fail):
    """Parses the attribute `groups`.

    Args:
      label: Label of the target, for messages.
      groups: The attribute: dict from the name of a group to its patterns.
      fail: The function that reports an error.

    Returns:
      list of structs of group, repository (a glob, empty for the main repository), package (None for all), recursive and
      name (None for all), in the order in which they apply.
    """
    parsed = []
    for group, patterns in groups.items():
        if not _is_name(group):
            fail(_BAD_NAME.format(label = label, name = repr(group)))
        for pattern in patterns:
            repository, slashes, rest = pattern.partition("//")
            place = repository.removeprefix("@").removeprefix("@")
            bad = repository == place if repository else not slashes
            package, colon, name = rest.partition(":")
            recursive = not colon and (package == "..." or package.endswith("/..."))
            if recursive:
                package = package.removesuffix("...").removesuffix("/")
            if bad or (repository and not place and not slashes) or "*" in rest or (colon and not name):
                fail(_BAD_PATTERN.format(label = label, name = group, pattern = repr(pattern)))
            parsed.append(struct(
                group = group,
                name = name or None,
                package = package if slashes else None,
                recursive = recursive,
                repository = place,
            ))
    return parsed

def repository_names(canonical):
    """Returns the names of a repository that a pattern may match: the canonical one and, if known, the apparent one.

    Args:
      canonical: The canonical name.

    Returns:
      list of the names.
    """
    for separator in ["+", "~"]:
        parts = canonical.split(separator)
        if len(parts) == 2:
            return [canonical, parts[0]]  # a module and its version
        if len(parts) > 2:
            return [canonical, parts[-1]]  # a repository of a module's extension
    return [canonical]

def glob_matches(glob, text):
    """Returns whether text matches a glob, in which only "*" is special.

    Args:
      glob: The glob.
      text: The text.

    Returns:
      bool.
    """
    parts = glob.split("*")
    if len(parts) == 1:
        return glob == text
    if not text.startswith(parts[0]):
        return False
    text = text[len(parts[0]):]
    for part in parts[1:-1]:
        at = text.find(part)
        if at < 0:
            return False
        text = text[at + len(part):]
    return text.endswith(parts[-1])

def _in_repository(pattern, canonical):
    if not pattern.repository or not canonical:
        return pattern.repository == canonical
    return bool([name for name in repository_names(canonical) if glob_matches(pattern.repository, name)])

def group_of_repository(parsed, canonical):
    """Returns the group that an external repository belongs to as a whole, or None.

    Args:
      parsed: The patterns as returned by parse_groups.
      canonical: The repository's canonical name.

    Returns:
      Name of the group, or None.
    """
    for pattern in parsed:
        if pattern.package == None and _in_repository(pattern, canonical):
            return pattern.group
    return None

def group_of_label(parsed, label):
    """Returns the group of the first pattern that matches a label, or None.

    Args:
      parsed: The patterns as returned by parse_groups.
      label: Label of a file, or of the rule that generates it.

    Returns:
      Name of the group, or None.
    """
    for pattern in parsed:
        if not _in_repository(pattern, label.repo_name):
            continue
        if pattern.package == None:
            return pattern.group
        if label.package == pattern.package or (
            pattern.recursive and (not pattern.package or label.package.startswith(pattern.package + "/"))
        ):
            if pattern.name in [None, label.name]:
                return pattern.group
    return None
