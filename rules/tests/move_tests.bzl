"""image_layer's strip_prefix and package_dir: paths, character for character."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//rules:defs.bzl", "image_layer")
load("//rules/private:paths.bzl", "below", "clean")
load(":actions.bzl", "flags", "only")
load(":refusal.bzl", "refusal")

visibility("private")

_PACKAGE = "rules/tests"

def _below_impl(ctx):
    env = unittest.begin(ctx)
    for path, directory, want in [
        ("a/b", "", "a/b"),
        ("a/b", "a", "b"),
        ("a/b", "a/b", ""),
        ("a/b/c", "a/b", "c"),
        ("ab/c", "a", None),
        ("a.b/c", "a?b", None),
        ("a", "a/b", None),
        ("rules_python++pip+x/y", "rules_python++pip+x", "y"),
        ("[a]*/b", "[a]*", "b"),
    ]:
        asserts.equals(env, want, below(path, directory), "%r below %r" % (path, directory))
    for path, want in {"": "", "/": "", ".": "", "./a//b/./c/": "a/b/c", "..": ".."}.items():
        asserts.equals(env, want, clean(path), path)
    return unittest.end(env)

_below_test = unittest.make(_below_impl)

def _entries_impl(ctx):
    env = analysistest.begin(ctx)
    action = only(env, "MkLayer")
    for flag in ["file", "tree", "executable", "tar", "strip-prefix", "package-dir"]:
        found = [value for value in flags(action, flag) if "_repo_mapping" not in value]  # a program's, with modules
        asserts.equals(env, ctx.attr.flags.get(flag, []), found, flag)
    return analysistest.end(env)

_entries_test = analysistest.make(_entries_impl, attrs = {"flags": attr.string_list_dict()})

def _entries(name, flags, **kwargs):
    image_layer(name = name, tags = ["manual"], **kwargs)
    _entries_test(name = name + "_test", flags = flags, target_under_test = name)
    return name + "_test"

def _tree_impl(ctx):
    tree = ctx.actions.declare_directory(ctx.label.name + "/out+.d")
    ctx.actions.run_shell(outputs = [tree], command = "mkdir $1/dist", arguments = [tree.path])
    return [DefaultInfo(files = depset([tree]))]

_tree = rule(implementation = _tree_impl)

def _program_impl(ctx):
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(executable, "#!/bin/sh\n", is_executable = True)
    return [DefaultInfo(executable = executable)]

_program = rule(implementation = _program_impl, executable = True)

def _file_tests():
    _program(name = "moved_bare")
    a, b = _PACKAGE + "/data/a.txt", _PACKAGE + "/data/b=c.txt"
    files = {"/srv/": "two_files"}
    own = {"/srv/": "two_files", "/etc/a": "data/a.txt"}
    return [
        _entries("moved_percent", {"file": ["/%/100%s\\==" + a]}, files = {"/100%s=": "data/a.txt"}, package_dir = "/%"),
        _entries("moved_none", {"file": ["/srv/data/a.txt=" + a, "/srv/data/b\\=c.txt=" + b]}, files = files),
        _entries(
            "moved_package",
            {"file": ["/srv/a.txt=" + a, "/srv/b\\=c.txt=" + b, "/etc/a=" + a]},
            files = own,
            strip_prefix = "./data/",
        ),
        _entries(
            "moved_root",
            {"file": ["/srv/tests/data/a.txt=" + a, "/srv/tests/data/b\\=c.txt=" + b]},
            files = files,
            strip_prefix = "/rules",
        ),
        _entries(
            "moved_whole",
            {"file": ["/srv/%s=%s" % (a, a), "/srv/%s=%s" % (b.replace("=", "\\="), b)]},
            files = files,
            strip_prefix = "/",
        ),
        _entries(
            "moved_to",
            {"file": ["/opt/x y*/srv/a.txt=" + a, "/opt/x y*/srv/b\\=c.txt=" + b, "/opt/x y*/etc/a=" + a]},
            files = own,
            package_dir = "/opt/x y*/",
            strip_prefix = "data",
        ),
        # At the root of the image, with a tar, to which the same prefix applies.
        _entries(
            "moved_both",
            {
                "file": ["/opt/a.txt=" + a, "/opt/b\\=c.txt=" + b],
                "package-dir": ["/opt"],
                "strip-prefix": ["data"],
                "tar": [a],
            },
            files = {"/": "two_files"},
            package_dir = "/opt",
            strip_prefix = "data",
            tars = ["data/a.txt"],
        ),
        # The path of a program is its name.
        _entries(
            "moved_program",
            {
                "executable": ["/app/moved_bare=BIN/%s/moved_bare" % _PACKAGE],
                "tree": ["/app=BIN/%s/moved_tree/out+.d" % _PACKAGE],
            },
            files = {"/app/": "moved_bare", "/app//": "moved_tree"},
            strip_prefix = "moved_tree/out+.d",
        ),
    ]

def _tree_tests():
    _tree(name = "moved_tree")
    tree = "BIN/%s/moved_tree/out+.d" % _PACKAGE
    return [
        _entries("moved_%s" % name, {"tree": [flag % tree]}, files = {path: "moved_tree"}, strip_prefix = prefix)
        for name, path, prefix, flag in [
            ("tree_none", "/srv/", "", "/srv/moved_tree/out+.d=%s"),
            ("tree_above", "/srv/", "moved_tree", "/srv/out+.d=%s"),
            ("tree_itself", "/srv/", "moved_tree/out+.d/", "/srv=%s"),
            ("tree_to_root", "/", "moved_tree/out+.d/", "/=%s"),
            ("tree_inside", "/srv/", "moved_tree/out+.d/dist/a=b", "/srv=%s/dist/a=b"),
            ("tree_from_root", "/srv/", "/rules/tests/moved_tree/out+.d/x", "/srv=%s/x"),
        ]
    ]

def _refusals():
    return [
        refusal(
            image_layer,
            "moved_beginning",
            ["moved_beginning", "attribute strip_prefix", "two_files has data/a.txt", "not below dat.", "a separate image_layer"],
            files = {"/srv/": "two_files"},
            strip_prefix = "dat",
        ),
        refusal(
            image_layer,
            "moved_regex",
            ["two_files has data/a.txt, which is not below d.ta"],
            files = {"/srv/": "two_files"},
            strip_prefix = "d.ta",
        ),
        refusal(
            image_layer,
            "moved_file",
            ["has rules/tests/data/a.txt, which is not below /rules/tests/data/a.txt"],
            files = {"/srv/": "data/a.txt"},
            strip_prefix = "/rules/tests/data/a.txt",
        ),
        refusal(
            image_layer,
            "moved_tree_beside",
            ["moved_tree has moved_tree/out+.d, which is not below moved_tree/out+.dist"],
            files = {"/srv/": "moved_tree"},
            strip_prefix = "moved_tree/out+.dist",
        ),
        refusal(
            image_layer,
            "moved_out",
            ["attribute strip_prefix: moved_tree/../x contains \"..\""],
            files = {"/srv/": "moved_tree"},
            strip_prefix = "moved_tree/../x",
        ),
        refusal(
            image_layer,
            "moved_nothing",
            ["attribute strip_prefix has no effect", "applies to tars, and to paths in files that end"],
            files = {"/srv": "data/a.txt"},
            strip_prefix = "data",
        ),
        refusal(
            image_layer,
            "moved_nowhere",
            ["attribute package_dir has no effect", "applies to files, pkgs and tars"],
            dirs = ["/srv"],
            package_dir = "/opt",
        ),
        refusal(
            image_layer,
            "moved_relative",
            ["attribute package_dir: opt is not an absolute path"],
            files = {"/srv/": "data/a.txt"},
            package_dir = "opt",
        ),
    ]

def move_tests(name):
    """Declares the tests of strip_prefix and package_dir.

    Args:
      name: Name of the test suite.
    """
    _below_test(name = "below_test")
    native.test_suite(name = name, tests = ["below_test"] + _file_tests() + _tree_tests() + _refusals())
