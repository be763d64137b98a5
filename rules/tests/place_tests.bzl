"""Programs in image_layer: renamed, several in one label, or with more outputs; and data of labels that are not programs."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:defs.bzl", "image_binary_layers", "image_layer")
load(":actions.bzl", "flags", "only")
load(":refusal.bzl", "refusal")

visibility("private")

_ENTRIES = ["executable", "file", "symlink"]

def _tool_impl(ctx):
    out = ctx.actions.declare_file
    executable = out("%s_/%s" % (ctx.label.name, ctx.attr.basename))
    library, source, sidecar, logo, conf = [
        out("%s_/%s" % (ctx.label.name, name))
        for name in ["libx.so.1", "source.sh", "sidecar.txt", "assets/logo.txt", "../%s.conf" % ctx.label.name]
    ] if ctx.attr.outputs else [out(ctx.label.name + "_/libx.so.1")] + 4 * [None]
    others = [file for file in [source, sidecar, logo, conf] if file]
    for file in [executable, library] + others:
        ctx.actions.write(file, "#!/bin/sh\n", is_executable = file == executable)
    return [DefaultInfo(
        executable = executable,
        files = depset([executable] + others),
        runfiles = ctx.runfiles(
            files = [executable, library] + [file for file in [source] if file] + ctx.files.data,
        ),
    )]

# A program with a shared library and additional outputs.
_tool = rule(
    implementation = _tool_impl,
    attrs = {
        "basename": attr.string(default = "tool"),
        "data": attr.label_list(allow_files = True),
        "outputs": attr.bool(),
    },
    executable = True,
)

def _group_impl(ctx):
    runfiles = ctx.runfiles(ctx.files.srcs).merge_all([target[DefaultInfo].default_runfiles for target in ctx.attr.srcs])
    return [DefaultInfo(files = depset(ctx.files.srcs), runfiles = runfiles)]

_group = rule(implementation = _group_impl, attrs = {"srcs": attr.label_list(allow_files = True)})

def _entries_impl(ctx):
    env = analysistest.begin(ctx)
    action = only(env, "MkLayer")
    package, main = "BIN/" + ctx.label.package, ctx.workspace_name + "/" + ctx.label.package
    found = [
        (flag + " " + value).replace(package, "BIN").replace(main, "MAIN")
        for flag in _ENTRIES
        for value in flags(action, flag)
        if "_repo_mapping" not in value
    ]
    asserts.equals(env, ctx.attr.entries, sorted(found))
    return analysistest.end(env)

_entries_test = analysistest.make(_entries_impl, attrs = {"entries": attr.string_list()})

def _program(name, target, links = None, copies = None):
    """Returns the entries of a _tool at /app/NAME, including those for its libraries in tool.runfiles."""
    library = target + "_/libx.so.1"
    entries = [
        "executable /app/%s=BIN/%s_/tool" % (name, target),
        "file /app/%s.runfiles/MAIN/%s=BIN/%s" % (name, library, library),
        # Up from the target's directory and the three of MAIN, to the runfiles next to the program.
        "symlink /app/%s.runfiles/MAIN/%s_/tool=../../../../../%s" % (name, target, name),
    ]
    if links:
        entries.append("symlink /app/tool.runfiles/MAIN/%s=../../../../../%s.runfiles/MAIN/%s" % (library, name, library))
    if copies:
        entries.append("file /app/tool.runfiles/MAIN/%s=BIN/%s" % (library, library))
    return entries

def _cases():
    """Returns a dict from the name of a test to the rule, its attributes and the entries."""
    sidecar = [
        "file /app/assets/logo.txt=BIN/place_beside_/assets/logo.txt",
        "file /app/place_beside.conf=BIN/place_beside.conf",
        "file /app/sidecar.txt=BIN/place_beside_/sidecar.txt",
    ]
    source = "file /app/%s.runfiles/MAIN/place_beside_/source.sh=BIN/place_beside_/source.sh"
    return {
        # No links are added if the program has its own name, or if another entry already provides them.
        "own_name": (dict(files = {"/app/tool": "place_a"}), _program("tool", "place_a")),
        "other_name": (dict(files = {"/app/x": "place_a"}), _program("x", "place_a", links = True)),
        "both_names": (
            dict(files = {"/app/x": "place_a", "/app/tool": "place_a"}),
            _program("x", "place_a") + _program("tool", "place_a"),
        ),
        "two_names": (
            dict(files = {"/app/x": "place_a", "/app/y": "place_a"}),
            _program("x", "place_a", links = True) + _program("y", "place_a"),
        ),
        # Links would need two targets.
        "two_targets": (
            dict(files = {"/app/x": "place_a", "/app/y": "place_b"}),
            _program("x", "place_a", copies = True) + _program("y", "place_b", copies = True),
        ),
        "other_and_own": (
            dict(files = {"/app/tool": "place_a", "/app/y": "place_b"}),
            _program("tool", "place_a") + _program("y", "place_b", copies = True),
        ),
        "linked_by_hand": (
            dict(files = {"/app/x": "place_a"}, symlinks = {"/app/tool.runfiles": "x.runfiles"}),
            _program("x", "place_a") + ["symlink /app/tool.runfiles=x.runfiles"],
        ),
        "alone_in_group": (dict(files = {"/app/x": "place_only"}), _program("x", "place_a", links = True)),
        "beside": (
            dict(files = {"/app/x": "place_beside"}),
            _program("x", "place_beside", links = True) + sidecar + [source % "x"],
        ),
        "beside_in_directory": (
            dict(files = {"/app/": "place_beside"}),
            _program("tool", "place_beside") + sidecar + [source % "tool"],
        ),
        "genrule": (
            dict(files = {"/a": "place_script", "/b": "place_script_alias", "/c/": "place_script", "/d": "place_script.txt"}),
            ["executable /%s=BIN/place_script.txt" % place for place in ["a", "b", "c/place_script.txt", "d"]],
        ),
        "plain_genrule": (dict(files = {"/a": "place_text"}), ["file /a=BIN/place_text.txt"]),
        "left_out": (
            dict(files = {"/app/": "place_with_data"}, leave_out_data = True),
            ["file /app/data/b\\=c.txt=rules/tests/data/b=c.txt"],
        ),
        "named_too": (
            dict(files = {"/app/": "place_with_data", "/a": "data/a.txt"}),
            ["file /a=rules/tests/data/a.txt", "file /app/data/b\\=c.txt=rules/tests/data/b=c.txt"],
        ),
    } | {
        # Each program of a group has its own runfiles.
        group: (dict(files = {"/app/": group}), [
            "executable /app/place_one_/one=BIN/place_one_/one",
            "executable /app/place_two_/two=BIN/place_two_/two",
            "file /app/data/a.txt=rules/tests/data/a.txt",
            "file /app/place_one_/one.runfiles/MAIN/data/a.txt=rules/tests/data/a.txt",
            "file /app/place_one_/one.runfiles/MAIN/place_one_/libx.so.1=BIN/place_one_/libx.so.1",
            "file /app/place_two_/two.runfiles/MAIN/place_two_/libx.so.1=BIN/place_two_/libx.so.1",
            "symlink /app/place_one_/one.runfiles/MAIN/place_one_/one=../../../../../one",
            "symlink /app/place_two_/two.runfiles/MAIN/place_two_/two=../../../../../two",
        ])
        for group in ["place_filegroup", "place_group"]
    }

def place_tests(name):
    """Declares the tests.

    Args:
      name: Name of the test suite.
    """
    _tool(name = "place_a")
    _tool(name = "place_b")
    _tool(name = "place_beside", outputs = True)
    _tool(name = "place_one", basename = "one", data = ["data/a.txt"])
    _tool(name = "place_two", basename = "two")
    native.filegroup(name = "place_only", srcs = ["place_a"])
    members = ["place_one", "place_two", "data/a.txt"]
    native.filegroup(name = "place_filegroup", srcs = members)
    _group(name = "place_group", srcs = members)
    native.filegroup(name = "place_with_data", srcs = ["data/b=c.txt"], data = ["data/a.txt"])
    _group(name = "place_hidden", srcs = ["place_with_data"])
    native.genrule(name = "place_script", outs = ["place_script.txt"], cmd = "echo >$@", executable = True)
    native.genrule(name = "place_text", outs = ["place_text.txt"], cmd = "echo >$@")
    native.alias(name = "place_script_alias", actual = "place_script")
    tests = []
    for case, (attributes, entries) in _cases().items():
        image_layer(name = "place_%s_layer" % case, tags = ["manual"], **attributes)
        tests.append("place_%s_test" % case)
        _entries_test(name = tests[-1], entries = sorted(entries), target_under_test = "place_%s_layer" % case)
    image_binary_layers(name = "place_layered", binary = "place_beside", max_layers = 1, path = "/app/x", tags = ["manual"])
    _entries_test(
        name = "place_layered_test",
        entries = sorted(_cases()["beside"][1]),
        target_under_test = "place_layered",
    )
    message = ["attribute files", "rules/tests/data/a.txt at run time", "leave_out_data = True"]
    native.test_suite(name = name, tests = tests + [
        "place_layered_test",
        refusal(image_layer, "place_data_lost", files = {"/app/": "place_with_data"}, message = message + ["place_with_data"]),
        refusal(image_layer, "place_data_lost_one", files = {"/app/x": "place_with_data"}, message = message),
        refusal(image_layer, "place_data_lost_hidden", files = {"/app/": "place_hidden"}, message = message + ["place_hidden"]),
    ])
