"""Reads the subset of YAML that lock file writers use. Everything else is an error with a line number, never a guess.

The subset: block mappings and sequences, a scalar on the rest of a line (plain, or in single or double quotes), `[]`, `{}`,
comments on lines of their own. Not in it: flow collections with contents, block scalars (`|`, `>`), scalars over several
lines, anchors, aliases, tags, document markers, tabs.

All scalars are returned as strings, exactly as written, so that a version `1.10` is not a number. `~`, `null` and a missing
value are None, unless quoted.
"""

visibility(["//rules/..."])

# A lock file nests six deep.
_MAX_DEPTH = 20

# Characters that no plain scalar begins with.
_INDICATORS = ",[]{}#&*!|>'\"%@`"

_ESCAPES = {"\"": "\"", "/": "/", "\\": "\\", "n": "\n", "t": "\t"}

# Characters that no YAML file contains. A line feed separates lines; _line refuses other uses of \r and \t.
_CONTROL = [
    "\000",
    "\001",
    "\002",
    "\003",
    "\004",
    "\005",
    "\006",
    "\007",
    "\010",
    "\013",
    "\014",
    "\016",
    "\017",
    "\020",
    "\021",
    "\022",
    "\023",
    "\024",
    "\025",
    "\026",
    "\027",
    "\030",
    "\031",
    "\032",
    "\033",
    "\034",
    "\035",
    "\036",
    "\037",
    "\177",
]

_NULL = ["", "~", "Null", "NULL", "null"]

def parse_yaml(text):
    """Parses a file.

    Args:
      text: The contents of the file.

    Returns:
      The value, built from dicts, lists, strings and None, and None. Or None and an error message that begins with the
      number of the line.
    """
    for character in _CONTROL:
        if character in text:
            return None, "line %d: a control character" % (text.partition(character)[0].count("\n") + 1)
    root = {}

    # Open collections, innermost last: struct(indent, value). The value is a dict or a list.
    stack = [struct(indent = 0, value = root)]

    # The last key without a value on its line: struct(key, indent), a key of the innermost dict. The next line decides.
    pending = None
    for index, raw in enumerate(text.split("\n")):
        line, indent, problem = _line(raw)
        if not problem and line:
            pending, problem = _add_line(stack, pending, indent, line)
        if problem:
            return None, "line %d: %s" % (index + 1, problem)
    return root, None

def _line(raw):
    """Returns a line's text without indentation ("" if there is nothing to read), its indentation, and an error message."""
    line = raw.removesuffix("\r").rstrip(" ")
    if "\r" in line or "\t" in line:
        return None, 0, "a tab or a carriage return"
    text = line.lstrip(" ")
    if text.startswith("#"):
        text = ""
    if text in ["---", "..."] or text[:4] in ["--- ", "... "] or text.startswith("%"):
        return None, 0, "a document marker or directive; only a single document without them is supported"
    return text, len(line) - len(text), None

def _add_line(stack, pending, indent, text):
    """Adds one line to the open collections. Returns the new pending key and an error message."""
    is_item = text == "-" or text.startswith("- ")
    if pending:
        opened = None
        if is_item and indent >= pending.indent:
            opened = []
        elif not is_item and indent > pending.indent:
            opened = {}
        if opened != None:
            stack[-1].value[pending.key] = opened
            stack.append(struct(indent = indent, value = opened))
    for _ in range(len(stack)):
        top = stack[-1]
        if top.indent < indent or top.indent == indent and is_item == (type(top.value) == "list"):
            break

        # A sequence may have the indentation of the key that it belongs to, so a key closes it, but not the reverse.
        if len(stack) == 1 or top.indent == indent and is_item:
            break
        stack.pop()
    top = stack[-1]
    if top.indent != indent or is_item != (type(top.value) == "list"):
        return None, "unexpected indentation, or a value that continues on a second line"
    if not is_item:
        return _add_pair(stack, indent, text)
    rest = text[2:]
    if not rest or rest.startswith(" ") or rest == "-" or rest.startswith("- "):
        return None, "a list item must have its value, or its first key, after \"- \" on the same line"
    key, after, problem = _key(rest)
    if problem:
        return None, problem
    if key == None:
        value, problem = _scalar(rest)
        if not problem:
            top.value.append(value)
        return None, problem
    mapping = {}
    top.value.append(mapping)
    stack.append(struct(indent = indent + 2, value = mapping))
    return _add_key(stack, indent + 2, key, after)

def _add_pair(stack, indent, text):
    key, after, problem = _key(text)
    if not problem and key == None:
        problem = "expected KEY: VALUE"
    if problem:
        return None, problem
    return _add_key(stack, indent, key, after)

def _add_key(stack, indent, key, after):
    """Adds a key with the text after its colon. Returns the new pending key and an error message."""
    if len(stack) > _MAX_DEPTH:
        return None, "more than %d levels" % _MAX_DEPTH
    mapping = stack[-1].value
    if key in mapping:
        return None, "the key %r is there twice" % key
    mapping[key] = None
    if not after:
        return struct(indent = indent, key = key), None
    mapping[key], problem = _scalar(after)
    return None, problem

def _key(text):
    """Splits "KEY: VALUE". Returns the key (None if this is not a pair), the text after the colon, and an error message."""
    if text[0] in "'\"":
        key, rest, problem = _quoted(text)
        if problem:
            return None, None, problem
        if not rest.startswith(":"):
            return None, None, None
        rest = rest[1:]
        if rest and not rest.startswith(" "):
            return None, None, "expected a space after the colon"
        return key, rest.strip(" "), None
    key, colon, rest = text.partition(": ")
    if not colon:
        if not text.endswith(":"):
            return None, None, None
        key, rest = text[:-1], ""
    if not key or key[0] in _INDICATORS or key[0] == "?" or key == "<<" or " #" in key or key != key.strip(" "):
        return None, None, "unsupported key %s" % key
    return key, rest.strip(" "), None

def _scalar(text):
    """Returns the value of a scalar or an empty collection, and an error message."""
    if text == "[]":
        return [], None
    if text == "{}":
        return {}, None
    if text[0] in "'\"":
        value, rest, problem = _quoted(text)
        if not problem and rest:
            problem = "text after the closing quote: %s" % rest
        return value, problem
    if text[0] in _INDICATORS or text in ["-", "?", ":"] or text[:2] in ["- ", "? ", ": "]:
        return None, "unsupported syntax: %s" % text
    if ": " in text or " #" in text or text.endswith(":"):
        return None, "a value with \": \" or \" #\" must be quoted: %s" % text
    return (None if text in _NULL else text), None

def _quoted(text):
    """Reads the quoted scalar that a text begins with. Returns the value, the rest of the text, and an error message."""
    quote = text[0]
    value = []
    skip = False
    for i in range(1, len(text)):
        char = text[i]
        if skip:
            skip = False
        elif char == quote:
            if quote == "\"" or text[i + 1:i + 2] != "'":
                return "".join(value), text[i + 1:], None
            value.append("'")
            skip = True
        elif char == "\\" and quote == "\"":
            escape = text[i + 1:i + 2]
            if escape not in _ESCAPES:
                return None, None, "unsupported escape \\%s" % escape
            value.append(_ESCAPES[escape])
            skip = True
        else:
            value.append(char)
    return None, None, "the closing quote is missing; a quoted value must be on one line"
