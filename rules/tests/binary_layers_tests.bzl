"""image_binary_layers: together, the actions have the entries of a single layer, and none has inputs of another."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//rules:defs.bzl", "image", "image_binary_layers", "image_layer")
load("//rules:providers.bzl", "ImageInfo", "LayersInfo")
load("//rules/private:binary_layers_split.bzl", "group_of", "group_order", "is_for", "split_program")
load("//rules/private:paths.bzl", "literal")
load(":actions.bzl", "actions_of", "flags")
load(":refusal.bzl", "refusal")

visibility("private")

# The flags of mklayer that add entries.
_ENTRIES = ["dir", "empty-file", "executable", "file", "symlink", "tree"]

def _entries(action):
    """Returns an action's entries, sorted."""
    return sorted([flag + " " + value for flag in _ENTRIES for value in flags(action, flag)])

def _paths(action):
    """Returns the image paths of an action's entries."""
    return [value.split("=")[0] for flag in _ENTRIES for value in flags(action, flag)]

SingleInfo = provider(
    doc = "The entries of a layer.",
    fields = {"entries": "(list[str]) What _entries returns."},
)

def _single_impl(target, _ctx):
    return [SingleInfo(entries = _entries(actions_of(target.actions, "MkLayer")[0]))]

_single = aspect(implementation = _single_impl)

def _layers(env):
    """Returns a dict from a layer's group to its action."""
    prefix = analysistest.target_under_test(env).label.name + "."
    return {
        flags(action, "output")[0].split("/")[-1].removeprefix(prefix).removesuffix(".tar.gz"): action
        for action in actions_of(analysistest.target_actions(env), "MkLayer")
    }

def _union_impl(ctx):
    env = analysistest.begin(ctx)
    actions = _layers(env)
    asserts.equals(env, ctx.attr.groups, actions.keys())

    # No entry is missing, and none occurs twice.
    asserts.equals(env, ctx.attr.single[SingleInfo].entries, sorted([
        entry
        for action in actions.values()
        for entry in _entries(action)
    ]))
    info = analysistest.target_under_test(env)[LayersInfo]
    asserts.equals(env, ctx.attr.groups, [layer.blob.basename.split(".")[1] for layer in info.layers])
    asserts.equals(env, ctx.attr.groups, [layer.descriptor.basename.split(".")[1] for layer in info.layers])
    return analysistest.end(env)

_union_test = analysistest.make(_union_impl, attrs = {
    "groups": attr.string_list(),
    "single": attr.label(aspects = [_single]),
})

def _groups_impl(ctx):
    env = analysistest.begin(ctx)
    main = "/app/program.runfiles/%s/" % ctx.workspace_name
    for group, action in _layers(env).items():
        own = [path for path in _paths(action) if not path.startswith("/app/program.runfiles/")]
        asserts.equals(env, ["/app/program"] if group == "app" else [], own, group)
        first_party = [path for path in _paths(action) if path.startswith(main)]
        asserts.equals(env, group == "app", bool(first_party), group)
        asserts.equals(env, group == "app", "/app/program.runfiles/_repo_mapping" in _paths(action), group)
        interpreter = [path for path in _paths(action) if path.endswith("/runfiles.bash")]
        asserts.equals(env, group == "tools", bool(interpreter), group)

        # An unneeded input would rebuild the layer when it changes.
        files = [file.short_path for file in action.inputs.to_list() if file.short_path.startswith("rules/tests/")]
        asserts.equals(env, group == "app", bool(files), group)
        asserts.equals(env, ["/**=7:8"], flags(action, "owner"), group)
        asserts.equals(env, ["1700000000"], flags(action, "mtime"), group)
    return analysistest.end(env)

_groups_test = analysistest.make(_groups_impl)

def _image_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[ImageInfo]
    names = [layer.blob.basename for layer in info.layers]
    asserts.equals(env, ["layered_single.tar.gz", "layered_2.external-0.tar.gz", "layered_2.app.tar.gz"], names)
    return analysistest.end(env)

_image_test = analysistest.make(_image_impl)

def _group_of_impl(ctx):
    env = unittest.begin(ctx)
    reached = {"lib": None, "other": None}

    # The hashes determine the contents of layers, so these values must not change.
    for number, groups in {
        1: ["app", "app", "app"],
        2: ["external-0", "external-0", "external-0"],
        3: ["external-0", "external-0", "tools"],
        10: ["external-5", "external-0", "tools"],
    }.items():
        asserts.equals(env, groups, [group_of(name, reached, number) for name in ["lib", "other", "sdk"]])

    # A new repository does not move any other one.
    asserts.equals(env, group_of("lib", reached, 10), group_of("lib", reached | {"more": None}, 10))
    for number in [1, 2, 3, 4, 10, 126]:
        asserts.equals(env, number, len(group_order(number)))
        asserts.equals(env, "app", group_order(number)[-1])
        for index in range(200):
            name = "repository%d" % index
            asserts.true(env, group_of(name, {name: None}, number) in group_order(number), name)
    return unittest.end(env)

_group_of_test = unittest.make(_group_of_impl)

def _fake(**kinds):
    """Returns a struct like that of whole_program, with strings and structs instead of Files."""
    kinds = {"empty_filenames": [], "files": [], "root_symlinks": [], "symlinks": []} | kinds
    return struct(
        beside = depset(["beside"]),
        executables = depset(["program"]),
        mappings = depset(["mapping"]),
        **{kind: depset(values) for kind, values in kinds.items()}
    )

def _links_impl(ctx):
    env = unittest.begin(ctx)
    parts = split_program(_fake(
        files = [struct(short_path = "../lib/a"), struct(short_path = "a")],
        empty_filenames = ["external/__init__.py", "external/lib/__init__.py", "__init__.py"],
        symlinks = [struct(path = path) for path in ["b", "../lib/b"]],
        root_symlinks = [struct(path = path) for path in ["lib/c", "main/c", "d", "etc/d"]],
    ), {"lib": None}, 3, "main")
    paths = {
        group: {
            kind: [
                getattr(value, "path", getattr(value, "short_path", value))
                for value in getattr(part, kind).to_list()
            ]
            for kind in ["beside", "executables", "mappings", "files", "empty_filenames", "symlinks", "root_symlinks"]
        }
        for group, part in parts.items()
    }

    # Inputs for the same path are in the same layer, whatever their kind: a link is in the layer of the files next to it.
    asserts.equals(env, {
        "app": {
            "beside": ["beside"],
            "empty_filenames": ["external/__init__.py", "__init__.py"],
            "executables": ["program"],
            "files": ["a"],
            "mappings": ["mapping"],
            "root_symlinks": ["main/c", "d", "etc/d"],
            "symlinks": ["b"],
        },
        "external-0": {
            "beside": [],
            "empty_filenames": ["external/lib/__init__.py"],
            "executables": [],
            "files": ["../lib/a"],
            "mappings": [],
            "root_symlinks": ["lib/c"],
            "symlinks": ["../lib/b"],
        },
    }, paths)
    asserts.equals(env, ["external-0", "app"], paths.keys())
    asserts.equals(env, ["app"], split_program(_fake(), {}, 10, "main").keys())
    return unittest.end(env)

_links_test = unittest.make(_links_impl)

def _program_impl(ctx):
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(executable, "#!/bin/sh\n", is_executable = True)
    directory = ctx.actions.declare_directory(ctx.label.name + ".directory")
    ctx.actions.run_shell(outputs = [directory], command = "touch $1/x", arguments = [directory.path])
    first = ctx.files.data[0]
    return [DefaultInfo(
        executable = executable,
        runfiles = ctx.runfiles(
            files = [executable, directory] + ctx.files.data + ctx.files._interpreter,
            symlinks = {"linked/a": first, "linked/library": ctx.files.data[-1]},
            root_symlinks = {"at-the-root": first},
        ),
    )]

_program = rule(
    implementation = _program_impl,
    attrs = {
        "data": attr.label_list(allow_files = True),
        "_interpreter": attr.label(default = "@bazel_tools//tools/bash/runfiles"),
    },
    executable = True,
)

def _metadata_impl(ctx):
    env = unittest.begin(ctx)
    for pattern, want in {
        "": "/",
        "/a": "/a",
        "/a//b/./": "/a/b",
        "/a*": None,
        "/a?": None,
        "/a[b]": None,
        "/a\\*\\?\\[b]\\\\": "/a*?[b]\\",
        "/a\\\\*": None,
        "/a\\": "/a\\",
    }.items():
        asserts.equals(env, want, literal(pattern), pattern)

    parts = split_program(_fake(
        files = [struct(short_path = "../lib/a"), struct(short_path = "../sdk/a"), struct(short_path = "a")],
    ), {"lib": None}, 3, "main")
    for pattern, groups in {
        "/": ["tools", "external-0", "app"],
        "/opt": ["tools", "external-0", "app"],
        "/opt/x": ["app"],
        "/opt/x.runfiles": ["tools", "external-0", "app"],
        "/opt/x.runfiles/*/a": ["tools", "external-0", "app"],
        "/opt/x.runfiles/_repo_mapping": ["app"],
        "/opt/x.runfiles/lib": ["external-0"],
        "/opt/x.runfiles/lib/a": ["external-0"],
        "/opt/x.runfiles/main/a": ["app"],
        "/opt/x.runfiles/sdk/": ["tools"],
        "/opt/x.runfiles/sdk/a\\*": ["tools"],
        # If the path does not exist, only one layer reports it.
        "/opt/x.runfilesy/lib": ["app"],
        "/typo": ["app"],
    }.items():
        found = [group for group, part in parts.items() if is_for(pattern, "/opt/x", group, part)]
        asserts.equals(env, groups, found, pattern)

    # In a program without runfiles, only the program itself has metadata.
    bare = split_program(struct(
        beside = depset(),
        executables = depset(["program"]),
        mappings = depset(),
        **{kind: depset() for kind in ["empty_filenames", "files", "root_symlinks", "symlinks"]}
    ), {}, 10, "main")
    asserts.equals(env, ["app"], bare.keys())
    asserts.false(env, is_for("/x.runfiles", "/x", "app", bare["app"]))
    return unittest.end(env)

_metadata_test = unittest.make(_metadata_impl)

def _stated_impl(ctx):
    env = analysistest.begin(ctx)
    for group, action in _layers(env).items():
        own = group == "app"
        asserts.equals(env, ["/app/**=0444"] + (["/app/program=0555"] if own else []), flags(action, "mode"), group)
        asserts.equals(env, ["/app/=1:2"], flags(action, "owner"), group)
        asserts.equals(env, ["/app/program=a:b"] if own else [], flags(action, "owner-name"), group)
        asserts.equals(env, ["/app/program=7"] if own else [], flags(action, "mtimes"), group)
        xattrs = ["/app/program=security.capability=cap_kill=+ep", "/app/program=user.a=b"]
        asserts.equals(env, xattrs if own else [], flags(action, "xattr"), group)
    return analysistest.end(env)

_stated_test = analysistest.make(_stated_impl)

def _refusal(name, message, **kwargs):
    return refusal(image_binary_layers, name, message, binary = "layered_program", **kwargs)

_LIBRARIES = ["@bazel_skylib//lib:unittest", "@com_github_opencontainers_go_digest//:go-digest"]

def _buckets(max_layers):
    """Returns the groups of _LIBRARIES. The names of repositories, and therefore their hashes, depend on Bazel's version."""
    repositories = [Label(library).repo_name for library in _LIBRARIES]
    groups = [group_of(name, {name: None}, max_layers) for name in repositories]
    return [group for group in group_order(max_layers) if group in groups]

def _split_tests():
    _program(
        name = "layered_program",
        data = ["data/a.txt"] + _LIBRARIES,
        tags = ["manual"],
    )
    native.alias(name = "layered_alias", actual = "layered_program", tags = ["manual"])
    image_layer(name = "layered_single", files = {"/app/program": "layered_program"}, tags = ["manual"])
    tests = []
    for number, groups in {
        "1": ["app"],
        "2": ["external-0", "app"],
        "3": ["tools", "external-0", "app"],
        "10": ["tools"] + _buckets(10) + ["app"],
    }.items():
        image_binary_layers(
            name = "layered_" + number,
            binary = "layered_program",
            max_layers = int(number),
            path = "/app/program",
            tags = ["manual"],
        )
        tests.append("layered_union_test_" + number)
        _union_test(
            name = tests[-1],
            groups = groups,
            single = "layered_single",
            target_under_test = "layered_" + number,
        )
    return tests

def binary_layers_tests(name):
    """Declares the tests of image_binary_layers.

    Args:
      name: Name of the test suite.
    """
    image_binary_layers(
        name = "layered_owned",
        binary = "layered_alias",
        mtime = "1700000000",
        owners = {"/**": "7:8"},
        path = "/app/program",
        tags = ["manual"],
    )
    _groups_test(name = "layered_groups_test", target_under_test = "layered_owned")
    image_binary_layers(
        name = "layered_stated",
        binary = "layered_program",
        modes = {"/app/**": "0444", "/app/program": "0555"},
        mtimes = {"/app/program": "7"},
        owner_names = {"/app/program": "a:b"},
        owners = {"/app/": "1:2"},
        path = "/app/program",
        tags = ["manual"],
        xattrs = {"/app/program": ["security.capability=cap_kill=+ep", "user.a=b"]},
    )
    _stated_test(name = "layered_stated_test", target_under_test = "layered_stated")
    _metadata_test(name = "layered_metadata_test")
    image(name = "layered_image", layers = ["layered_single", "layered_2"], tags = ["manual"])
    _image_test(name = "layered_image_test", target_under_test = "layered_image")
    _group_of_test(name = "layered_group_of_test")
    _links_test(name = "layered_links_test")
    refusals = [
        _refusal("layered_relative", message = ["attribute path: app/x is not the absolute path"], path = "app/x"),
        _refusal("layered_directory", message = ["attribute path: /app/ is not the absolute path"], path = "/app/"),
        _refusal("layered_none", message = ["attribute max_layers: 0", "1 to 126"], path = "/x", max_layers = 0),
        _refusal("layered_many", message = ["max_layers: 127", "at most 127 layers"], path = "/x", max_layers = 127),
    ]
    native.test_suite(
        name = name,
        tests = _split_tests() + refusals + [
            "layered_group_of_test",
            "layered_groups_test",
            "layered_image_test",
            "layered_links_test",
            "layered_metadata_test",
            "layered_stated_test",
        ],
    )
