"""image_from_binary: what the image has of its program's target."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//rules:defs.bzl", "image", "image_binary_layers", "image_from_binary")
load("//rules:providers.bzl", "ImageInfo", "IndexInfo", "LayersInfo")
load("//rules/private:launch.bzl", "expand", "tokenize")
load("//rules/private:layer_groups.bzl", "glob_matches", "group_of_label", "group_of_repository", "parse_groups", "repository_names")
load(":actions.bzl", "actions_of", "flags", "only")
load(":refusal.bzl", "refusal")

visibility("private")

def _tokenize_impl(ctx):
    env = unittest.begin(ctx)
    for text, words in {
        "": [],
        " a \t b ": ["a", "b"],
        "'a b'": ["a b"],
        "a'b c'd": ["ab cd"],
        "''": [""],
        "\"a 'b'\" 'c \"d\"'": ["a 'b'", "c \"d\""],
        "\"a \\\" \\\\ \\n\"": ["a \" \\ \\n"],
        "'a\\b'": ["a\\b"],
        "a\\ b \\'c": ["a b", "'c"],
        "$HOME *": ["$HOME", "*"],
        "a\nb": ["a\nb"],
    }.items():
        asserts.equals(env, words, tokenize(text), repr(text))
    return unittest.end(env)

_tokenize_test = unittest.make(_tokenize_impl)

def _expand_impl(ctx):
    env = unittest.begin(ctx)

    def locate(function, operand):
        return "REPO/" + operand + (" REPO/2" if function.endswith("s") else "")

    for text, want in {
        "": "",
        "$$(A) 5$$": "$(A) 5$",
        "$(A)$(B C)": "1$(B C)",
        "x$(location //a)y": "x\0runfiles/REPO///ay",
        "$(rlocationpath a)": "REPO/a",
        "$(rlocationpaths a)": "REPO/a REPO/2",
        "$(rootpaths a)": "\0runfiles/REPO/a \0runfiles/REPO/2",
        "$@ $": "$@ $",
    }.items():
        asserts.equals(env, (want, []), expand(text, locate, {"A": "1"}), text)
    asserts.equals(env, [("execpath", "a"), ("execpaths", "b")], expand("$(execpath a)$(execpaths b)", locate, {})[1])
    return unittest.end(env)

_expand_test = unittest.make(_expand_impl)

def _label(text):
    return Label("//rules/tests:" + text)

def _patterns_impl(ctx):
    env = unittest.begin(ctx)
    for canonical, names in {
        "a": ["a"],
        "a~1.0": ["a~1.0", "a"],
        "a+": ["a+", "a"],
        "pip~~pip~numpy": ["pip~~pip~numpy", "numpy"],
        "pip++pip+numpy": ["pip++pip+numpy", "numpy"],
    }.items():
        asserts.equals(env, names, repository_names(canonical))
    for glob, text, want in [
        ("a", "a", True),
        ("a", "ab", False),
        ("*", "", True),
        ("a*", "ab", True),
        ("*b", "ab", True),
        ("a*c*e", "abcde", True),
        ("a*c*e", "abde", False),
        ("a*a", "a", False),
        ("x*", "ab", False),
    ]:
        asserts.equals(env, want, glob_matches(glob, text), glob + " " + text)

    parsed = parse_groups("//:x", {
        "file": ["//rules/tests:data/a.txt"],
        "package": ["//rules/tests"],
        "below": ["//rules/...", "//tools"],
        "lib": ["@lib", "@" + "@pip*numpy"],
        "part": ["@other//a/..."],
    })
    for label, want in {
        _label("data/a.txt"): "file",
        _label("b"): "package",
        Label("//rules/private:b"): "below",
        Label("//rules:b"): "below",
        Label("//tools:b"): "below",
        Label("//tools/mklayer:b"): None,
        Label("//:b"): None,
    }.items():
        asserts.equals(env, want, group_of_label(parsed, label), str(label))
    for repository, want in {"lib+": "lib", "pip~~pip~numpy": "lib", "other": None, "": None}.items():
        asserts.equals(env, want, group_of_repository(parsed, repository), repository)
    other = struct(name = "x", package = "a/b", repo_name = "other~1")
    asserts.equals(env, "part", group_of_label(parsed, other))
    asserts.equals(env, None, group_of_label(parsed, struct(name = "x", package = "b", repo_name = "other~1")))
    asserts.equals(env, "all", group_of_label(parse_groups("//:x", {"all": ["//..."]}), _label("b")))
    return unittest.end(env)

_patterns_test = unittest.make(_patterns_impl)

def _bad_patterns_impl(ctx):
    env = unittest.begin(ctx)
    for group, pattern, part in [
        ("app", "@a", "invalid name \"app\""),
        ("external-0", "@a", "invalid name"),
        ("a/b", "@a", "invalid name"),
        ("", "@a", "invalid name"),
        ("a", "", "invalid pattern \"\" of a"),
        ("a", "numpy", "invalid pattern"),
        ("a", ":b", "invalid pattern"),
        ("a", "@", "invalid pattern"),
        ("a", "//a/*", "invalid pattern"),
        ("a", "//a:", "invalid pattern"),
    ]:
        errors = []
        parse_groups("//:x", {group: [pattern]}, fail = errors.append)
        asserts.true(env, bool(errors) and part in errors[0], "%s %s: %s" % (group, pattern, errors))
    return unittest.end(env)

_bad_patterns_test = unittest.make(_bad_patterns_impl)

def _settings_impl(ctx):
    env = analysistest.begin(ctx)
    settings = json.decode(flags(only(env, "MkConfig"), "settings")[0])
    asserts.equals(env, json.decode(ctx.attr.program), settings["program"])
    asserts.equals(env, json.decode(ctx.attr.rest), {
        key: value
        for key, value in settings.items()
        if key not in ["program", "os", "architecture", "variant"]
    })
    layers = [layer.blob.basename for layer in analysistest.target_under_test(env)[ImageInfo].layers]
    asserts.equals(env, ctx.attr.layers, layers)
    return analysistest.end(env)

_settings_test = analysistest.make(_settings_impl, attrs = {
    "layers": attr.string_list(),
    "program": attr.string(),
    "rest": attr.string(default = "{}"),
})

def _index_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    asserts.equals(env, 2, len(target[IndexInfo].images))
    asserts.equals(env, ["a.b=c"], flags(only(env, "MkIndex"), "annotation"))
    asserts.equals(env, ["from_index.digest", "from_index.index.json"], sorted([
        file.basename
        for file in target[DefaultInfo].files.to_list()
    ]))
    return analysistest.end(env)

_index_test = analysistest.make(_index_impl)

def _entries(env, group):
    """Returns the image paths in the action of a layer."""
    for action in actions_of(analysistest.target_actions(env), "MkLayer"):
        if flags(action, "output")[0].endswith(".%s.tar.gz" % group):
            return [
                value.split("=")[0]
                for flag in ["executable", "file", "symlink", "tree"]
                for value in flags(action, flag)
            ], action
    return [], None

def _groups_impl(ctx):
    env = analysistest.begin(ctx)
    root = "/app/from_program.runfiles/"
    main = root + ctx.workspace_name + "/rules/tests/"
    texts, action = _entries(env, "texts")
    asserts.equals(env, [main + "data/a.txt"], texts)
    asserts.equals(env, [main + "data/a.txt=0400"], flags(action, "mode"))
    app, action = _entries(env, "app")
    asserts.true(env, main + "data/b\\" in app, str(app))  # the flag escapes the rest
    asserts.false(env, main + "data/a.txt" in app, str(app))
    asserts.equals(env, ["/app/from_program=0500"], flags(action, "mode"))

    # The main repository's directory is in both layers.
    skylib = [path for path in _entries(env, "skylib")[0] if "bazel_skylib" not in path]
    asserts.equals(env, [], skylib)
    asserts.true(env, bool(_entries(env, "skylib")[0]))
    layers = [layer.blob.basename for layer in analysistest.target_under_test(env)[LayersInfo].layers]
    asserts.equals(env, ["from_groups.%s.tar.gz" % group for group in ["skylib", "texts", "app"]], layers)
    return analysistest.end(env)

_groups_test = analysistest.make(_groups_impl)

def _bare_impl(ctx):
    env = analysistest.begin(ctx)
    app, action = _entries(env, "app")
    asserts.equals(env, ["/app/from_program"], app)
    files = [file.basename for file in action.inputs.to_list() if file.short_path.startswith("rules/tests/")]
    asserts.equals(env, ["from_program"], files)
    return analysistest.end(env)

_bare_test = analysistest.make(_bare_impl)

def _program_impl(ctx):
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(executable, "#!/bin/sh\n", is_executable = True)
    return [
        DefaultInfo(executable = executable, runfiles = ctx.runfiles(files = [executable] + ctx.files.data)),
        RunEnvironmentInfo(
            environment = {
                name: ctx.expand_location(value, ctx.attr.data)
                for name, value in ctx.attr.env.items()
            },
            inherited_environment = ["HOME"],
        ),
    ]

_program = rule(
    implementation = _program_impl,
    attrs = {
        "data": attr.label_list(allow_files = True),
        "env": attr.string_dict(),
    },
    executable = True,
)

def _variables_impl(ctx):
    return [platform_common.TemplateVariableInfo({"MINE": ctx.attr.value})]

_variables = rule(implementation = _variables_impl, attrs = {"value": attr.string()})

def _expected_program(path):
    """Returns the setting for :from_program."""
    return json.encode({
        "args": ["--data=%s.runfiles/_main/rules/tests/data/a.txt" % path, "a b", "$x", "v"],
        "env": {
            "DATA": path + ".runfiles/_main/rules/tests/data/a.txt",
            "PRICE": "$5",
            "RLOCATION": "_main/rules/tests/data/a.txt",
        },
        "path": path,
    })

def _declare_programs():
    _variables(name = "from_variables", value = "v", tags = ["manual"])
    _program(
        name = "from_program",
        args = ["--data=$(location data/a.txt) 'a b'", "$$x", "$(MINE)"],
        data = ["data/a.txt", "data/b=c.txt", "@bazel_skylib//lib:unittest"],
        env = {"DATA": "$(rootpath data/a.txt)", "PRICE": "$5", "RLOCATION": "$(rlocationpath data/a.txt)"},
        tags = ["manual"],
        toolchains = ["from_variables"],
    )
    _program(name = "from_plain", args = ["-x"], tags = ["manual"])
    _program(
        name = "from_build_path",
        args = ["$(execpath data/a.txt)"],
        data = ["data/a.txt"],
        tags = ["manual"],
    )
    native.alias(name = "from_alias", actual = "from_program", tags = ["manual"])

def _declare_images():
    for name, binary, kwargs in [
        ("from_image", "from_alias", {"max_layers": 2}),
        ("from_moved", "from_program", {
            "cmd": ["mine"],
            "env": {"PRICE": "$$6"},
            "labels": {"a": "b"},
            "max_layers": 1,
            "path": "/bin/x",
        }),
        ("from_bare", "from_plain", {"runfiles": False}),
    ]:
        image_from_binary(name = name, binary = binary, tags = ["manual"], **kwargs)
    image_from_binary(
        name = "from_index",
        annotations = {"a.b": "c"},
        binary = "from_plain",
        platforms = ["@rules_go//go/toolchain:linux_arm64", "@rules_go//go/toolchain:linux_amd64"],
        tags = ["manual"],
    )
    image_binary_layers(
        name = "from_groups",
        binary = "from_program",
        groups = {"skylib": ["@bazel_skylib"], "texts": ["//rules/tests:data/a.txt"]},
        modes = {
            "/app/from_program": "0500",
            "/app/from_program.runfiles/_main/rules/tests/data/a.txt": "0400",
        },
        tags = ["manual"],
    )
    image_binary_layers(name = "from_bare_layers_only", binary = "from_program", runfiles = False, tags = ["manual"])
    for name, binary, runfiles in [("from_build_path", "from_build_path", True), ("from_missing", "from_program", False)]:
        image_binary_layers(name = name + "_parts", binary = binary, runfiles = runfiles, tags = ["manual"])

def from_binary_tests(name):
    """Declares the tests of image_from_binary.

    Args:
      name: Name of the test suite.
    """
    _declare_programs()
    _declare_images()
    _tokenize_test(name = "from_tokenize_test")
    _expand_test(name = "from_expand_test")
    _patterns_test(name = "from_patterns_test")
    _bad_patterns_test(name = "from_bad_patterns_test")
    _settings_test(
        name = "from_image_test",
        layers = ["from_image_layers.external-0.tar.gz", "from_image_layers.app.tar.gz"],
        program = _expected_program("/app/from_program"),
        target_under_test = "from_image",
    )
    _settings_test(
        name = "from_moved_test",
        layers = ["from_moved_layers.app.tar.gz"],
        program = _expected_program("/bin/x"),
        rest = json.encode({"cmd": ["mine"], "env": {"PRICE": "$$6"}, "labels": {"a": "b"}}),
        target_under_test = "from_moved",
    )
    _settings_test(
        name = "from_bare_image_test",
        layers = ["from_bare_layers.app.tar.gz"],
        program = json.encode({"args": ["-x"], "env": {}, "path": "/app/from_plain"}),
        target_under_test = "from_bare",
    )
    _index_test(name = "from_index_test", target_under_test = "from_index")
    _groups_test(name = "from_groups_test", target_under_test = "from_groups")
    _bare_test(name = "from_bare_test", target_under_test = "from_bare_layers_only")
    refusals = [
        refusal(
            image,
            "from_build_path_image",
            message = ["attribute program: args of", "from_build_path contains $(execpath data/a.txt), a path of the machine"],
            program = "from_build_path_parts",
        ),
        refusal(
            image,
            "from_missing_image",
            message = ["from_program contains the path of a runfile, but runfiles = False"],
            program = "from_missing_parts",
        ),
        refusal(
            image_binary_layers,
            "from_many_groups",
            message = ["attribute groups: 2 groups and max_layers = 125 are more than 126 layers"],
            binary = "from_plain",
            groups = {"a": ["@a"], "b": ["@b"]},
            max_layers = 125,
        ),
        refusal(
            image_binary_layers,
            "from_bad_group",
            message = ["attribute groups: invalid pattern \"numpy\" of a"],
            binary = "from_plain",
            groups = {"a": ["numpy"]},
        ),
    ]
    native.test_suite(
        name = name,
        tests = refusals + [
            "from_bad_patterns_test",
            "from_bare_image_test",
            "from_bare_test",
            "from_expand_test",
            "from_groups_test",
            "from_image_test",
            "from_index_test",
            "from_moved_test",
            "from_patterns_test",
            "from_tokenize_test",
        ],
    )
