"""parse_yaml: what it accepts, and that it refuses everything else. e2e/cases/conda.sh compares it with a YAML library."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("//rules/private/repo:schema.bzl", "CONDA_LOCK_YML", "PIXI_LOCK", "schema_problem")
load("//rules/private/repo:yaml.bzl", "parse_yaml")

visibility("private")

_ACCEPTED = {
    "": {},
    "\n\n# a\n  # b\n": {},
    "\"a \\\"b\\\\\": \"c\\n\\t\\/\"": {"a \"b\\": "c\n\t/"},
    "'1': a\n'it''s': 'x''y'''\n": {"1": "a", "it's": "x'y'"},
    "a: 'null'\nb: null\nc: ~\nd:\ne: \"\"\n": {"a": "null", "b": None, "c": None, "d": None, "e": ""},
    "a: -1\nb: +\nc: -x\nd: ?x\n": {"a": "-1", "b": "+", "c": "-x", "d": "?x"},
    "a: 1.10\nb: 007\nc: true\n": {"a": "1.10", "b": "007", "c": "true"},
    "a: [] \nb: {}\n": {"a": [], "b": {}},
    "a: b  c \r\nd:\r\n  e: f\r\n": {"a": "b  c", "d": {"e": "f"}},
    "a:\n  - b\n  - c: d\n    e: f\n  - g\nh: i\n": {"a": ["b", {"c": "d", "e": "f"}, "g"], "h": "i"},
    "a:\n- b\n- c:\n  - d\n  e: f\n- g\nh: i\n": {"a": ["b", {"c": ["d"], "e": "f"}, "g"], "h": "i"},
    "a:\n- b:\n- c:\n": {"a": [{"b": None}, {"c": None}]},
    "a:\n    b:\n        c: d\n    e: f\n": {"a": {"b": {"c": "d"}, "e": "f"}},
    "a: https://x.example/y#z\n": {"a": "https://x.example/y#z"},
    "a:\n# comment\n\n  b: c\n": {"a": {"b": "c"}},
    "a:\n- \"vc >=14.1,<15.0a0\"\n- x ; extra == 'docs'\n- y[z]\n": {
        "a": ["vc >=14.1,<15.0a0", "x ; extra == 'docs'", "y[z]"],
    },
}

_REFUSED = {
    " a: b\n": "line 1: unexpected indentation",
    "- a\n": "line 1: unexpected indentation",
    "--- \na: b\n": "line 1: a document marker",
    "... a: b\n": "line 1: a document marker",
    "%YAML 1.2\na: b\n": "line 1: a document marker",
    "<<: b\n": "line 1: unsupported key <<",
    "? a\n": "line 1: expected KEY: VALUE",
    "? a: b\n": "line 1: unsupported key ? a",
    "\"a\": \"b\" # c\n": "line 1: text after the closing quote",
    "\"a\":b\n": "line 1: expected a space after the colon",
    "a b\n": "line 1: expected KEY: VALUE",
    "a: !!str b\n": "line 1: unsupported syntax",
    "a: 'b\n  c'\n": "line 1: the closing quote is missing",
    "a: *b\n": "line 1: unsupported syntax",
    "a: >\n  b\n": "line 1: unsupported syntax",
    "a: @b\n": "line 1: unsupported syntax",
    "a: [b]\n": "line 1: unsupported syntax",
    "a: \"\\u0041\"\n": "line 1: unsupported escape \\u",
    "a: \"b\\\n": "line 1: unsupported escape \\",
    "a: `b`\n": "line 1: unsupported syntax",
    "a: b\n\033c\n": "line 2: a control character",
    "a: b # c\n": "line 1: a value with \": \" or \" #\"",
    "a: b: c\n": "line 1: a value with \": \" or \" #\"",
    "a: b\n  c\n": "line 2: unexpected indentation, or a value that continues",
    "a: b\n  c: d\n": "line 2: unexpected indentation",
    "a: b\na: c\n": "line 2: the key \"a\" is there twice",
    "a: b\n\tc: d\n": "line 2: a tab",
    "a: b\n...\n": "line 2: a document marker",
    "a: b\n---\nc: d\n": "line 2: a document marker",
    "a: b\rc: d\n": "line 1: a tab or a carriage return",
    "a: c:\n": "line 1: a value with \": \" or \" #\"",
    "a: {b: c}\n": "line 1: unsupported syntax",
    "a: |\n  b\n": "line 1: unsupported syntax",
    "a:\n  - b\n - c\n": "line 3: unexpected indentation",
    "a:\n  - b\n  c: d\n": "line 3: unexpected indentation",
    "a:\n  b: c\n - d\n": "line 3: unexpected indentation",
    "a:\n  b: c\n d: e\n": "line 3: unexpected indentation",
    "a:\n-\n  b\n": "line 2: a list item must have its value",
    "a:\n- - b\n": "line 2: a list item must have its value",
    "a:\n-  b\n": "line 2: a list item must have its value",
    "a:\n- &x b\n": "line 2: unsupported syntax",
    "a:\n- b\n- c: d\n   e: f\n": "line 4: unexpected indentation",
    "a:\n- b: c\n  b: d\n": "line 3: the key \"b\" is there twice",
    "a:\n- {b: c}\n": "line 2: unsupported key {b",
    ": b\n": "line 1: unsupported key",
    "{}\n": "line 1: expected KEY: VALUE",
}

def _accepted_impl(ctx):
    env = unittest.begin(ctx)
    for text, want in _ACCEPTED.items():
        value, problem = parse_yaml(text)
        asserts.equals(env, None, problem, repr(text))
        asserts.equals(env, want, value, repr(text))
    return unittest.end(env)

_accepted_test = unittest.make(_accepted_impl)

def _refused_impl(ctx):
    env = unittest.begin(ctx)
    for text, want in _REFUSED.items():
        value, problem = parse_yaml(text)
        asserts.true(env, value == None and (problem or "").startswith(want), "%r: got %s, %s" % (text, problem, value))
    deep = "".join(["  " * level + "a:\n" for level in range(30)])
    asserts.equals(env, (None, "line 21: more than 20 levels"), parse_yaml(deep))
    return unittest.end(env)

_refused_test = unittest.make(_refused_impl)

def _schema_impl(ctx):
    env = unittest.begin(ctx)
    for text, want in {
        "version: 6\nenvironments:\n  default:\npackages:\n": None,
        "version: 6\nenvironments:\n  default:\n    packages:\n      linux-64: x\npackages: []\n": "environments.default.packages.linux-64: expected a list",
        "version: 6\nenvironments: []\n": "environments: expected keys with values",
        "environments: {}\n": "version: expected text",
        "version: 6\npackages:\n- x\n": "packages[0]: expected keys with values",
        "version: 6\npackages:\n- depends:\n  - a: b\n": "packages[0].depends[0]: expected text",
        "version: 7\nplatforms:\n- subdir: linux-64\n": "platforms[0].name: expected text",
    }.items():
        asserts.equals(env, want, schema_problem(parse_yaml(text)[0], PIXI_LOCK), repr(text))
    asserts.equals(env, "package[0].manager: expected text", schema_problem({"package": [{"name": "a"}]}, CONDA_LOCK_YML))
    return unittest.end(env)

_schema_test = unittest.make(_schema_impl)

def yaml_tests(name):
    """Declares the tests of yaml.bzl and schema.bzl.

    Args:
      name: Name of the test suite.
    """
    unittest.suite(name, _accepted_test, _refused_test, _schema_test)
