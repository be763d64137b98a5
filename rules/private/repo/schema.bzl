"""The shape of lock files, checked before they are read, so that a damaged file causes a message and not a stack trace."""

visibility(["//rules/..."])

# A schema is TEXT, OPTIONAL (text, or nothing), or one of the structs that these functions return.
TEXT = "text"
OPTIONAL = "optional"

def _fields(**fields):
    return struct(fields = fields, type = "dict")

def _each(type, schema):
    return struct(each = schema, type = type)

PIXI_LOCK = _fields(
    environments = _each("dict", _fields(
        packages = _each("dict", _each("list", _fields(conda = OPTIONAL, name = OPTIONAL, pypi = OPTIONAL))),
    )),
    packages = _each("list", _fields(
        conda = OPTIONAL,
        depends = _each("list", TEXT),
        kind = OPTIONAL,
        md5 = OPTIONAL,
        name = OPTIONAL,
        sha256 = OPTIONAL,
        size = OPTIONAL,
        url = OPTIONAL,
    )),
    platforms = _each("list", _fields(name = TEXT, subdir = OPTIONAL)),
    version = TEXT,
)

CONDA_LOCK_YML = _fields(
    package = _each("list", _fields(
        category = OPTIONAL,
        dependencies = _each("dict", OPTIONAL),
        hash = _fields(md5 = OPTIONAL, sha256 = OPTIONAL),
        manager = TEXT,
        name = TEXT,
        platform = TEXT,
        url = TEXT,
    )),
    version = OPTIONAL,
)

# Deeper than any schema.
_MAX_DEPTH = 10

def schema_problem(value, schema):
    """Compares a value with a schema. Keys that the schema does not have may have any value, and collections may be absent.

    Args:
      value: A value from parse_yaml.
      schema: PIXI_LOCK or CONDA_LOCK_YML.

    Returns:
      An error message, or None.
    """
    level = [("", value, schema)]
    for _ in range(_MAX_DEPTH):
        below = []
        for path, found, wanted in level:
            if type(wanted) == "string":
                if type(found) != "string" and (found != None or wanted == TEXT):
                    return "%s: expected text" % path
            elif found == None:
                continue
            elif type(found) != wanted.type:
                return "%s: expected %s" % (path or "the file", "a list" if wanted.type == "list" else "keys with values")
            elif hasattr(wanted, "fields"):
                below += [(_join(path, key), found.get(key), one) for key, one in wanted.fields.items()]
            elif wanted.type == "dict":
                below += [(_join(path, key), one, wanted.each) for key, one in found.items()]
            else:
                below += [("%s[%d]" % (path, index), one, wanted.each) for index, one in enumerate(found)]
        level = below
    return None

def _join(path, key):
    return path + "." + key if path else key
