"""image_load and image_push: programs that find their arguments beside them."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:defs.bzl", "image_load", "image_push")
load(":actions.bzl", "only")

visibility("private")

def _arguments_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    lines = only(env, "FileWrite").content.splitlines()
    place = "%runfiles%/" + ctx.workspace_name + "/rules/tests/"
    asserts.equals(env, ctx.attr.flags, [line for line in lines if "%runfiles%" not in line])
    asserts.equals(env, [
        "--root=" + place + "ten.descriptor.json",
        "--document=" + place + "ten.manifest.json",
        "--document=" + place + "ten.config.json",
    ] + [
        "--layer=%slayer_%d.layer.json=%slayer_%d.tar.gz" % (place, number, place, number)
        for number in range(10)
    ], [line for line in lines if "%runfiles%" in line])

    # Every file that the arguments name is there at run time.
    runfiles = {file.short_path: None for file in target[DefaultInfo].default_runfiles.files.to_list()}
    for name in ["ten.descriptor.json", "ten.manifest.json", "ten.config.json", "layer_0.tar.gz", "layer_0.layer.json"]:
        asserts.true(env, "rules/tests/" + name in runfiles, name + " is not among the runfiles")
    asserts.true(env, "rules/tests/%s.args" % target.label.name in runfiles, "the arguments are not among the runfiles")
    return analysistest.end(env)

_arguments_test = analysistest.make(_arguments_impl, attrs = {"flags": attr.string_list()})

def program_tests(name):
    """Declares the tests of image_load and image_push.

    Args:
      name: Name of the test suite.
    """
    image_load(
        name = "load",
        engine = "podman",
        image = "ten",
        repo_tags = ["localhost/ten:latest", "localhost/ten:v1"],
    )
    _arguments_test(
        name = "load_test",
        flags = [
            "--target=" + str(Label(":load")),
            "--default-engine=podman",
            "--name=localhost/ten:latest",
            "--name=localhost/ten:v1",
        ],
        target_under_test = "load",
    )
    image_push(
        name = "push",
        image = "ten",
        remote_tags = ["latest"],
        repository = "registry.example.com/ten",
    )
    _arguments_test(
        name = "push_test",
        flags = [
            "--target=" + str(Label(":push")),
            "--repository=registry.example.com/ten",
            "--tag=latest",
        ],
        target_under_test = "push",
    )
    native.test_suite(name = name, tests = ["load_test", "push_test"])
