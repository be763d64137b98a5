"""image_load and image_push: programs that read their arguments from their runfiles."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:defs.bzl", "image_load", "image_push")
load("//rules:providers.bzl", "ImageInfo", "IndexInfo")
load(":actions.bzl", "written_arguments")

visibility("private")

def _image_arguments(image, path):
    return [
        "--document=" + path(image.manifest),
        "--document=" + path(image.config),
    ], [
        "--layer=%s=%s" % (path(layer.descriptor), path(layer.blob))
        for layer in image.layers
    ]

def _expected(image, path):
    """Returns the arguments that pass an image or an index."""
    if ImageInfo in image:
        documents, layers = _image_arguments(image[ImageInfo], path)
        return ["--root=" + path(image[ImageInfo].descriptor)] + documents + layers
    documents, layers = ["--document=" + path(image[IndexInfo].index)], []
    for each in image[IndexInfo].images:
        image_documents, image_layers = _image_arguments(each, path)
        documents += image_documents
        layers += image_layers
    return ["--root=" + path(image[IndexInfo].descriptor)] + documents + layers

def _arguments_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    place = "%runfiles%/" + ctx.workspace_name + "/"
    lines = written_arguments(env)
    asserts.equals(env, ctx.attr.flags, [line for line in lines if place not in line])
    found = [line for line in lines if place in line]
    asserts.equals(env, sorted(_expected(ctx.attr.image, lambda file: place + file.path)), sorted(found))

    # All files in the arguments are runfiles, including those that an index has once per platform.
    runfiles = target[DefaultInfo].default_runfiles
    links = {link.path: None for link in runfiles.symlinks.to_list()}
    for line in found:
        for path in line.split("=")[1:]:
            asserts.true(env, path[len(place):] in links, path + " is not among the runfiles")
    names = [file.basename for file in runfiles.files.to_list()]
    asserts.true(env, target.label.name + ".args" in names, "the arguments are not among the runfiles")

    # The program finds them here under any name.
    place = "rules_strata.args/%s/%s/%s.args" % (ctx.workspace_name, target.label.package, target.label.name)
    asserts.equals(env, [place], [link.path for link in runfiles.root_symlinks.to_list()])
    return analysistest.end(env)

_arguments_test = analysistest.make(_arguments_impl, attrs = {
    "flags": attr.string_list(),
    "image": attr.label(),
})

def _lazy_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    place = "%runfiles%/" + ctx.workspace_name + "/"
    lines = written_arguments(env)
    for flag in ["--remote-cache=grpcs://cache.example.com?instance=main", "--remote-cache-credential-helper=%workspace%/helper"]:
        asserts.true(env, flag in lines, flag + " is not among the arguments")
    links = [link.path for link in target[DefaultInfo].default_runfiles.symlinks.to_list()]
    layers = [line.removeprefix("--layer=") for line in lines if line.startswith("--layer=")]
    asserts.equals(env, ctx.attr.layers, len(layers))
    for layer in layers:
        # The descriptor is a runfile; the layer is not.
        descriptor, _, blob = layer.partition("=")
        asserts.true(env, descriptor.removeprefix(place) in links, descriptor + " is not among the runfiles")
        asserts.equals(
            env,
            descriptor.replace(place, "%execroot%/").replace(".layer.json", ".tar.gz"),
            blob,
        )
        asserts.false(env, blob.removeprefix("%execroot%/") in links, blob + " is among the runfiles")
    return analysistest.end(env)

_lazy_test = analysistest.make(
    _lazy_impl,
    attrs = {"layers": attr.int()},
    config_settings = {
        str(Label("//rules:remote_cache_credential_helper")): "%workspace%/helper",
        str(Label("//rules:remote_cache")): "grpcs://cache.example.com?instance=main",
    },
)

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
            "--target=//rules/tests:load",
            "--default-engine=podman",
            "--name=localhost/ten:latest",
            "--name=localhost/ten:v1",
        ],
        image = "ten",
        target_under_test = "load",
    )
    image_push(
        name = "push",
        image = "index",
        remote_tags = ["latest"],
        repository = "registry.example.com/ten",
    )
    _arguments_test(
        name = "push_test",
        flags = [
            "--target=//rules/tests:push",
            "--repository=registry.example.com/ten",
            "--tag=latest",
        ],
        image = "index",
        target_under_test = "push",
    )
    _lazy_test(
        name = "lazy_push_test",
        layers = 20,  # ten for each of two platforms
        target_under_test = "push",
    )
    native.test_suite(name = name, tests = ["lazy_push_test", "load_test", "push_test"])
