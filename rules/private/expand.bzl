"""Make variables in attributes. `docs/images.md` has the table of everything that is expanded, and where."""

visibility(["//rules/..."])

_LOCATIONS = {
    "location": "rootpath",
    "locations": "rootpaths",
    "rlocationpath": "rlocationpath",
    "rlocationpaths": "rlocationpaths",
    "rootpath": "rootpath",
    "rootpaths": "rootpaths",
}

_UNKNOWN = """{label}: attribute {attribute}: $({name}) is not a Make variable. Define it with --define={name}=VALUE, add the target that \
defines it to `toolchains`, or write $$({name}) for this text."""

_BUILD_PATH = """{label}: attribute {attribute}: $({name}) would be a path of the build, which an image does not have. Use $(rootpath) or \
$(rlocationpath), the paths in a program's runfiles."""

_NO_LOCATION = """{label}: attribute {attribute}: $({name}) is not available, because a label cannot be part of this value."""

_UNCLOSED = """{label}: attribute {attribute}: "$(" without ")" in "{text}". Write $$ for a $."""

def expand_text(text, lookup, reject, keep_dollars = False):
    """Replaces `$(NAME)` with a value and `$$` with `$`. Every other `$` stays.

    Args:
      text: The text.
      lookup: Function from NAME to its value.
      reject: Function to call for "$(" without ")".
      keep_dollars: Whether mkconfig expands the result: `$$` stays, and a `$` in a value becomes `$$`.

    Returns:
      The result.
    """
    parts = text.split("$")
    expanded = parts[0]
    escaped = False
    for number, part in enumerate(parts[1:], 2):
        if escaped:  # the text after "$$"
            expanded += part
            escaped = False
        elif not part and number < len(parts):
            expanded += "$$" if keep_dollars else "$"
            escaped = True
        elif part.startswith("("):
            name, closed, rest = part[1:].partition(")")
            if not closed:
                reject()
            value = lookup(name)
            expanded += (value.replace("$", "$$") if keep_dollars else value) + rest
        else:
            expanded += "$" + part
    return expanded

def expand(ctx, attribute, value, data = None, keep_dollars = False):
    """Expands Make variables in an attribute, those of `--define`, `toolchains` and the configuration.

    Args:
      ctx: The rule's context.
      attribute: Name of the attribute, for errors.
      value: The attribute: a string, a list of strings or a dict of strings, whose keys are not expanded.
      data: list of the Targets whose paths in runfiles may be referred to, as in `$(rootpath LABEL)`, or None.
      keep_dollars: Whether mkconfig expands the result.

    Returns:
      The attribute with expanded strings.
    """
    if type(value) == "dict":
        return {key: _expand(ctx, attribute, text, data, keep_dollars) for key, text in value.items()}
    if type(value) == "list":
        return [_expand(ctx, attribute, text, data, keep_dollars) for text in value]
    return _expand(ctx, attribute, value, data, keep_dollars)

def _expand(ctx, attribute, value, data, keep_dollars):
    if "$" not in value:
        return value

    def refuse(message, name = ""):
        fail(message.format(attribute = attribute, label = ctx.label, name = name, text = value))

    def lookup(name):
        function, _, label = name.partition(" ")
        if label and function in ["execpath", "execpaths"]:
            refuse(_BUILD_PATH, name)
        if label and function in _LOCATIONS:
            if data == None:
                refuse(_NO_LOCATION, name)
            return ctx.expand_location("$(%s %s)" % (_LOCATIONS[function], label), data)
        if name not in ctx.var:
            refuse(_UNKNOWN, name)
        return ctx.var[name]

    return expand_text(value, lookup, lambda: refuse(_UNCLOSED), keep_dollars)
