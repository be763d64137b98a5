"""image_push and image_push_all: the sources of names, and the providers for other rules."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("@bazel_skylib//rules:common_settings.bzl", "string_flag", "string_list_flag")
load("//rules:defs.bzl", "image_artifact", "image_push", "image_push_all", "image_signer")
load("//rules:providers.bzl", "PushInfo", "PushesInfo")
load(":actions.bzl", "input_names", "only", "written_arguments")

visibility("private")

_PLACE = "%runfiles%/"

_FLAGS = [
    "provenance-source",
    "referrer",
    "repository",
    "repository-file",
    "sign-images",
    "signer",
    "status",
    "tag",
    "tag-file",
]

def _names_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    lines = written_arguments(env)
    asserts.equals(env, ctx.attr.repository, target[PushInfo].repository)

    # The arguments of the program, with the base names of files.
    arguments = {flag: [] for flag in _FLAGS}
    for line in lines:
        flag, value = line[2:].split("=", 1)
        if flag == "signer-arg":  # belongs to the signer before it
            arguments["signer"].append(value)
        elif flag in arguments:
            arguments[flag].append(value.split("/")[-1] if _PLACE in value else value)
    links = [link.path.split("/")[-1] for link in target[DefaultInfo].default_runfiles.symlinks.to_list()]
    for flag in ["referrer", "repository-file", "status", "tag-file"]:
        for name in arguments[flag]:
            asserts.true(env, name in links, name + " is not among the runfiles")
    files = [file.basename for file in target[DefaultInfo].default_runfiles.files.to_list()]
    if arguments["signer"]:
        asserts.true(env, arguments["signer"][0] in files, arguments["signer"][0] + " is not among the runfiles")
    asserts.equals(env, ctx.attr.arguments, {flag: values for flag, values in arguments.items() if values})

    # Without a repository, the image has no name.
    if not ctx.attr.reference_inputs:
        asserts.equals(env, None, target[PushInfo].reference)
        asserts.equals(env, [], target[OutputGroupInfo].reference.to_list())
        return analysistest.end(env)

    # The reference is built from the stable status only.
    action = only(env, "MkReference")
    asserts.equals(env, ctx.attr.reference_inputs, input_names(action))
    asserts.equals(env, target.label.name + ".reference", target[PushInfo].reference.basename)
    asserts.equals(env, [target[PushInfo].reference], target[OutputGroupInfo].reference.to_list())
    asserts.equals(env, action.outputs.to_list(), [target[PushInfo].reference])
    return analysistest.end(env)

_names_test = analysistest.make(_names_impl, attrs = {
    "reference_inputs": attr.string_list(),
    "repository": attr.string(),
    "arguments": attr.string_list_dict(),
})

def _several_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    pushes = [each[PushInfo] for each in ctx.attr.pushes]
    asserts.equals(env, pushes, list(target[PushesInfo].pushes))
    asserts.equals(
        env,
        ["--target=//rules/tests:pushes"] +
        ["--push=" + _PLACE + ctx.workspace_name + "/" + push.arguments.path for push in pushes],
        written_arguments(env),
    )
    links = {link.path: None for link in target[DefaultInfo].default_runfiles.symlinks.to_list()}
    for push in pushes:
        asserts.true(env, push.arguments.path in links, push.arguments.path + " is not among the runfiles")
        for link in push.runfiles.symlinks.to_list():
            asserts.true(env, link.path in links, link.path + " is not among the runfiles")
    asserts.equals(env, [push.reference for push in pushes], target[OutputGroupInfo].reference.to_list())
    return analysistest.end(env)

_several_test = analysistest.make(_several_impl, attrs = {"pushes": attr.label_list()})

def _refused_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.message)
    return analysistest.end(env)

_refused_test = analysistest.make(_refused_impl, attrs = {"message": attr.string()}, expect_failure = True)

_STATUS = ["stable-status.txt", "volatile-status.txt"]

def push_tests(name):
    """Declares the tests of image_push and image_push_all.

    Args:
      name: Name of the test suite.
    """
    tests = []
    string_flag(name = "push_tag", build_setting_default = "v7", make_variable = "TAG")
    string_flag(name = "push_repository", build_setting_default = "r.test/{{STABLE_TEAM}}")
    string_flag(name = "push_nothing", build_setting_default = "")
    string_list_flag(name = "push_tags", build_setting_default = ["v2", "v3"])
    for artifact in ["sbom", "vex"]:
        image_artifact(
            name = artifact,
            artifact_type = "application/vnd.example." + artifact,
            files = {"data/shape.json": "application/json"},
            subject = "index",
        )
    image_signer(
        name = "signer",
        args = ["--key=$(TAG).key", "--yes"],
        tool = "data/a.txt",
        toolchains = ["push_tag"],
    )
    image_signer(name = "other_signer", tool = "data/b=c.txt")
    for case, attrs, arguments, inputs in [
        ("plain", {"remote_tags": ["v1"], "repository": "r.test/ten"}, {
            "repository": ["r.test/ten"],
            "tag": ["v1"],
        }, []),
        ("referrers", {"referrers": ["sbom", "vex"], "repository": "r.test/ten"}, {
            "referrer": ["sbom.descriptor.json", "vex.descriptor.json"],
            "repository": ["r.test/ten"],
        }, []),
        ("signed", {
            "provenance_source": "git+https://g.test/ten@{{STABLE_GIT_COMMIT}}",
            "repository": "r.test/ten",
            "sign_images": True,
            "signers": ["signer", "other_signer"],
        }, {
            "provenance-source": ["git+https://g.test/ten@{{STABLE_GIT_COMMIT}}"],
            "repository": ["r.test/ten"],
            "sign-images": ["true"],
            "signer": ["a.txt", "--key=v7.key", "--yes", "b=c.txt"],
            "status": _STATUS,
        }, []),
        ("stamped_tag", {"remote_tags": ["v1", "b{{BUILD_NUMBER}}"], "repository": "r.test/ten"}, {
            "repository": ["r.test/ten"],
            "status": _STATUS,
            "tag": ["v1", "b{{BUILD_NUMBER}}"],
        }, []),
        ("stamped", {"repository": "r.test/{{STABLE_TEAM}}/ten"}, {
            "repository": ["r.test/{{STABLE_TEAM}}/ten"],
            "status": _STATUS,
        }, ["stable-status.txt"]),
        ("make_variables", {
            "remote_tags": ["$(TAG)-$(COMPILATION_MODE)"],
            "repository": "r.test/$(TAG)",
            "toolchains": ["push_tag"],
        }, {
            "repository": ["r.test/v7"],
            "tag": ["v7-fastbuild"],
        }, []),
        ("settings", {"remote_tags": ["v1"], "repository_file": "push_repository", "tag_file": "push_tags"}, {
            "repository": ["r.test/{{STABLE_TEAM}}"],
            "status": _STATUS,
            "tag": ["v1", "v2", "v3"],
        }, ["stable-status.txt"]),
        ("unset_settings", {"repository_file": "push_nothing", "tag_file": "push_nothing"}, {}, None),
        ("later", {"remote_tags": ["v1"]}, {"tag": ["v1"]}, None),
        ("from_files", {"repository_file": "data/a.txt", "tag_file": "data/b=c.txt"}, {
            "repository-file": ["a.txt"],
            "status": _STATUS,
            "tag-file": ["b=c.txt"],
        }, ["a.txt", "stable-status.txt"]),
    ]:
        image_push(name = "push_" + case, image = "index", **attrs)
        tests.append("push_%s_test" % case)
        _names_test(
            name = tests[-1],
            reference_inputs = sorted(inputs + ["index.descriptor.json"]) if inputs != None else [],
            repository = (arguments.get("repository") or [""])[0],
            target_under_test = "push_" + case,
            arguments = arguments,
        )
    image_push(
        name = "push_twice",
        image = "index",
        repository = "r.test/ten",
        repository_file = "data/a.txt",
        tags = ["manual"],
    )
    tests.append("push_twice_test")
    _refused_test(
        name = tests[-1],
        message = "//rules/tests:push_twice: set either repository or repository_file; both are set",
        target_under_test = "push_twice",
    )
    image_push_all(name = "pushes_stamped", pushes = ["push_stamped", "push_stamped_tag"])
    image_push_all(name = "pushes", pushes = ["push_plain", "pushes_stamped", "push_from_files"])
    _several_test(
        name = "pushes_test",
        pushes = ["push_plain", "push_stamped", "push_stamped_tag", "push_from_files"],
        target_under_test = "pushes",
    )
    native.test_suite(name = name, tests = tests + ["pushes_test"])
