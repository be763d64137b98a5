"""Values that are not literals: Make variables, files, and variables of the workspace status."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("@bazel_skylib//rules:common_settings.bzl", "string_flag")
load("//rules:defs.bzl", "image", "image_artifact", "image_index", "image_push")
load(":actions.bzl", "MnemonicsInfo", "actions_of", "collect_actions", "flags", "input_names", "only")
load(":refusal.bzl", "refusal")

visibility("private")

_STATUS = "stable-status.txt"

def _expanded_impl(ctx):
    env = analysistest.begin(ctx)
    settings = json.decode(flags(only(env, "MkConfig"), "settings")[0])
    asserts.equals(env, {
        "append_cmd": ["--mode=fastbuild"],
        "created": "17",
        "entrypoint": ["/app/$(server)", "/app.runfiles/_main/rules/tests/data/a.txt", "rules/tests/data/a.txt"],
        "env": {"NAME": "value$$", "PATH": "value$$:${PATH}:$$(x)"},
        "labels": {"$(key)": "value$ $HOME ${HOME}"},
    }, {name: value for name, value in settings.items() if name not in ["architecture", "os", "variant"]})
    asserts.equals(env, ["a=value$"], flags(only(env, "MkManifest"), "annotation"))

    # Only their paths are needed.
    asserts.equals(env, [], input_names(only(env, "MkConfig")))
    return analysistest.end(env)

_expanded_test = analysistest.make(_expanded_impl)

def _artifact_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.equals(env, ["a=value$"], flags(only(env, "MkManifest"), "annotation"))
    return analysistest.end(env)

_artifact_test = analysistest.make(_artifact_impl)

def _files_impl(ctx):
    env = analysistest.begin(ctx)
    config = only(env, "MkConfig")
    for flag in ["cmd-file", "created-file", "entrypoint-file"]:
        asserts.equals(env, ["rules/tests/data/a.txt"], flags(config, flag))
    asserts.equals(env, ["a.txt"], input_names(config))
    return analysistest.end(env)

_files_test = analysistest.make(_files_impl)

def _stamped_impl(ctx):
    env = analysistest.begin(ctx)
    actions = analysistest.target_under_test(env)[MnemonicsInfo].actions.to_list()
    stamped = sorted({action.mnemonic: None for action in actions if _STATUS in [file.basename for file in action.inputs.to_list()]})
    asserts.equals(env, ctx.attr.stamped, stamped, "actions with the status")
    for action in actions:
        want = ["bazel-out/" + _STATUS] if action.mnemonic in stamped else []
        asserts.equals(env, want, [arg[len("--status="):] for arg in action.argv or [] if arg.startswith("--status=")], action.mnemonic)
        asserts.false(env, "volatile-status.txt" in [file.basename for file in action.inputs.to_list()], action.mnemonic)
    asserts.equals(env, ctx.attr.actions, len([action for action in actions if action.mnemonic != "MkLayout"]), "actions")
    asserts.equals(env, ctx.attr.inputs, [len(input_names(action)) for action in actions_of(actions, "MkConfig")], "inputs of MkConfig")
    return analysistest.end(env)

_ATTRS = {
    "actions": attr.int(doc = "Number of actions of the image, its layers and the index, or of an artifact."),
    "inputs": attr.int_list(doc = "Number of inputs of the config, if there is one."),
    "stamped": attr.string_list(doc = "The mnemonics of actions that depend on the status."),
}

_unstamped_build_test = analysistest.make(
    _stamped_impl,
    attrs = _ATTRS,
    extra_target_under_test_aspects = [collect_actions],
    config_settings = {"//command_line_option:stamp": False},
)
_stamped_build_test = analysistest.make(
    _stamped_impl,
    attrs = _ATTRS,
    extra_target_under_test_aspects = [collect_actions],
    config_settings = {"//command_line_option:stamp": True},
)

def _stamp_tests():
    """Declares an index of an image with ten layers for each kind of variable, and its tests with and without --stamp."""
    tests = []
    layers = ["layer_%d" % number for number in range(10)]
    for name, image_attrs, index_attrs, stamped, inputs in [
        ("constant", {"env": {"A": "{STABLE_X}"}, "labels": {"a": "1"}}, {"annotations": {"a": "1"}}, [], 20),
        ("env", {"env": {"A": "{{STABLE_X|dev}}"}}, {}, ["MkConfig"], 20),
        ("label", {"labels": {"A": "{{STABLE_X|dev}}"}}, {}, ["MkConfig"], 20),
        ("created", {"created": "{{STABLE_X|0}}"}, {}, ["MkConfig"], 20),
        ("annotation", {"annotations": {"A": "{{STABLE_X|dev}}"}}, {}, ["MkManifest"], 20),
        ("index", {}, {"annotations": {"A": "{{STABLE_X|dev}}"}}, ["MkIndex"], 20),
        ("from_env_file", {"env_file": "data/a.txt"}, {}, ["MkConfig"], 21),
        ("from_annotations_file", {"annotations_file": "data/a.txt"}, {"annotations_file": "data/a.txt"}, ["MkIndex", "MkManifest"], 20),
        ("command", {"cmd": ["{{STABLE_X}}"], "entrypoint_file": "data/a.txt"}, {}, [], 21),
    ]:
        for stamp in [-1, 0, 1]:
            target = "stamp_%s_%s" % (name, {-1: "auto", 0: "never", 1: "always"}[stamp])
            image(name = target, layers = layers, stamp = stamp, tags = ["manual"], **image_attrs)
            image_index(name = target + "_index", images = [target], stamp = stamp, tags = ["manual"], **index_attrs)
            for build, test, values in [
                ("unstamped", _unstamped_build_test, stamp == 1),
                ("stamped", _stamped_build_test, stamp != 0),
            ]:
                tests.append("%s_%s_test" % (target, build))
                test(
                    name = tests[-1],
                    actions = 13,  # 10 layers, a config, a manifest and an index
                    inputs = [inputs + (1 if values and "MkConfig" in stamped else 0)],
                    stamped = stamped if values else [],
                    target_under_test = target + "_index",
                )
    for name, attrs in [
        ("annotation", {"annotations": {"A": "{{STABLE_X|dev}}"}}),
        ("annotations_file", {"annotations_file": "data/a.txt"}),
    ]:
        target = "stamp_artifact_" + name
        image_artifact(name = target, artifact_type = "a/b", tags = ["manual"], **attrs)
        for build, test, stamped in [("unstamped", _unstamped_build_test, []), ("stamped", _stamped_build_test, ["MkManifest"])]:
            tests.append("%s_%s_test" % (target, build))
            test(name = tests[-1], actions = 2, stamped = stamped, target_under_test = target)
    return tests

def _refusals():
    return [
        refusal(image, "value_" + name, ["//rules/tests:value_" + name] + message, **attrs)
        for name, attrs, message in [
            (
                "unknown",
                {"labels": {"a": "x$(NONE)"}},
                ["attribute labels: $(NONE) is not a Make variable", "--define=NONE=VALUE", "`toolchains`", "$$(NONE)"],
            ),
            ("unclosed", {"cmd": ["$(NONE"]}, ["attribute cmd: \"$(\" without \")\" in \"$(NONE\""]),
            (
                "execpath",
                {"data": ["data/a.txt"], "env": {"A": "$(execpath data/a.txt)"}},
                ["attribute env: $(execpath data/a.txt) would be a path of the build"],
            ),
            ("cmd_twice", {"cmd": ["a"], "cmd_file": "data/a.txt"}, ["set either cmd or cmd_file; both are set"]),
            ("created_twice", {"created": "0", "created_file": "data/a.txt"}, ["set either created or created_file"]),
            ("entrypoint_twice", {"entrypoint": ["a"], "entrypoint_file": "data/a.txt"}, ["set either entrypoint or entrypoint_file"]),
        ]
    ] + [
        refusal(
            image_index,
            "value_location",
            ["attribute annotations: $(rootpath data/a.txt) is not available"],
            annotations = {"a": "$(rootpath data/a.txt)"},
            images = ["ten"],
        ),
        refusal(
            image_artifact,
            "value_artifact_location",
            ["attribute annotations: $(rootpath data/a.txt) is not available"],
            annotations = {"a": "$(rootpath data/a.txt)"},
            artifact_type = "a/b",
        ),
        refusal(
            image_push,
            "value_two_tag_files",
            ["value_two_tag_files: attribute tag_file: expected one file or a build setting", "value_two_files has 2 files"],
            image = "ten",
            repository = "r.test/ten",
            tag_file = "value_two_files",
        ),
        refusal(
            image_push,
            "value_two_repositories",
            ["value_two_repositories: attribute repository_file: expected one repository", "push_tags has [\"v2\", \"v3\"]"],
            image = "ten",
            repository_file = "push_tags",
        ),
    ]

def value_tests(name):
    """Declares the tests of values that are not literals.

    Args:
      name: Name of the test suite.
    """
    string_flag(name = "value_name", build_setting_default = "value$", make_variable = "NAME")
    native.filegroup(name = "value_two_files", srcs = ["data/a.txt", "data/b=c.txt"])
    image(
        name = "value_expanded",
        annotations = {"a": "$(NAME)"},
        append_cmd = ["--mode=$(COMPILATION_MODE)"],
        created = "17",
        data = ["data/a.txt"],
        entrypoint = [
            "/app/$$(server)",
            "/app.runfiles/$(rlocationpath data/a.txt)",
            "$(location data/a.txt)",
        ],
        env = {"NAME": "$(NAME)", "PATH": "$(NAME):${PATH}:$$(x)"},
        labels = {"$(key)": "$(NAME) $HOME ${HOME}"},
        tags = ["manual"],
        toolchains = ["value_name"],
    )
    _expanded_test(name = "value_expanded_test", target_under_test = "value_expanded")
    image_artifact(
        name = "value_artifact",
        annotations = {"a": "$(NAME)"},
        artifact_type = "a/b",
        tags = ["manual"],
        toolchains = ["value_name"],
    )
    _artifact_test(name = "value_artifact_test", target_under_test = "value_artifact")
    image(
        name = "value_files",
        cmd_file = "data/a.txt",
        created_file = "data/a.txt",
        entrypoint_file = "data/a.txt",
        tags = ["manual"],
    )
    _files_test(name = "value_files_test", target_under_test = "value_files")
    native.test_suite(
        name = name,
        tests = ["value_artifact_test", "value_expanded_test", "value_files_test"] + _refusals() + _stamp_tests(),
    )
