"""image_artifact: each file is described by itself, and the manifest is computed from the descriptions."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:defs.bzl", "image", "image_archive", "image_artifact", "image_layer", "image_load", "image_push", "image_test")
load("//rules:providers.bzl", "ArtifactInfo")
load(":actions.bzl", "actions_of", "flags", "input_names", "only")
load(":refusal.bzl", "refusal")

visibility("private")

def _files_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    blobs = actions_of(analysistest.target_actions(env), "MkBlob")
    asserts.equals(env, sorted([
        (["BIN/rules/tests/artifact_layer.tar.gz"], ["application/gzip"], []),
        (["rules/tests/data/a.txt"], ["text/plain"], ["a.txt"]),
        (["rules/tests/data/b=c.txt"], ["application/octet-stream"], ["docs/=.txt"]),
        (["rules/tests/data/shape.json"], ["application/vnd.example.config+json"], []),
    ]), sorted([(flags(blob, "file"), flags(blob, "media-type"), flags(blob, "title")) for blob in blobs]))
    for blob in blobs:
        asserts.equals(env, 1, len(input_names(blob)), "inputs of %s" % blob)

    # No blob is an input of the manifest, not even the config.
    manifest = only(env, "MkManifest")
    asserts.equals(env, [
        "1.json",
        "2.json",
        "3.json",
        "artifact.config.descriptor.json",
        "artifact_subject.descriptor.json",
        "shape.json",
    ], input_names(manifest))
    asserts.equals(env, ["application/vnd.example"], flags(manifest, "artifact-type"))
    asserts.equals(env, ["BIN/rules/tests/artifact.config.descriptor.json"], flags(manifest, "config"))
    asserts.equals(env, ["BIN/rules/tests/artifact_subject.descriptor.json"], flags(manifest, "subject"))
    asserts.equals(
        env,
        ["BIN/rules/tests/artifact.files/%d.json" % number for number in [1, 2, 3]],
        flags(manifest, "layer"),
    )
    asserts.equals(env, ["key\\=1=value"], flags(manifest, "annotation"))
    asserts.equals(env, ["rules/tests/data/shape.json"], flags(manifest, "annotations-file"))

    info = target[ArtifactInfo]
    asserts.equals(env, ["shape.json"], [file.basename for file in info.documents])
    asserts.equals(
        env,
        ["artifact_layer.tar.gz", "a.txt", "b=c.txt"],
        [file.blob.basename for file in info.files],
    )
    asserts.equals(
        env,
        ["artifact.digest", "artifact.manifest.json"],
        sorted([file.basename for file in target[DefaultInfo].files.to_list()]),
    )
    for group, basename in {
        "archive": "artifact.tar",
        "digest": "artifact.digest",
        "manifest": "artifact.manifest.json",
        "oci_layout": "artifact.layout",
    }.items():
        asserts.equals(env, [basename], [file.basename for file in getattr(target[OutputGroupInfo], group).to_list()])
    return analysistest.end(env)

_files_test = analysistest.make(_files_impl)

def _empty_impl(ctx):
    env = analysistest.begin(ctx)
    actions = analysistest.target_actions(env)
    asserts.equals(env, ctx.attr.configs, len(actions_of(actions, "MkBlob")))
    asserts.equals(env, ["{}"], [action.content for action in actions_of(actions, "FileWrite")])
    manifest = only(env, "MkManifest")
    asserts.true(env, "--artifact" in manifest.argv)
    asserts.equals(env, ctx.attr.configs, len(flags(manifest, "config")))
    documents = analysistest.target_under_test(env)[ArtifactInfo].documents
    asserts.equals(env, ctx.attr.documents, [file.basename for file in documents])
    return analysistest.end(env)

_empty_test = analysistest.make(_empty_impl, attrs = {
    "configs": attr.int(),
    "documents": attr.string_list(),
})

def artifact_tests(name):
    """Declares the tests of image_artifact.

    Args:
      name: Name of the test suite.
    """
    image(name = "artifact_subject", tags = ["manual"])
    image_layer(name = "artifact_layer", files = {"/a": "data/a.txt"})
    image_artifact(
        name = "artifact",
        annotations = {"key=1": "value"},
        annotations_file = "data/shape.json",
        artifact_type = "application/vnd.example",
        config = "data/shape.json",
        config_media_type = "application/vnd.example.config+json",
        files = {
            "artifact_layer": "application/gzip",
            "data/a.txt": "text/plain",
            "data/b=c.txt": "",
        },
        subject = "artifact_subject",
        tags = ["manual"],
        titles = {
            "artifact_layer": "",
            "data/b=c.txt": "docs/=.txt",
        },
    )
    _files_test(name = "artifact_test", target_under_test = "artifact")

    # Without files, without a config, and with a type of its own for an empty config.
    tests = ["artifact_test"]
    for case, attrs, configs, documents in [
        ("no_config", {"artifact_type": "a/b"}, 0, ["artifact_no_config.empty.json"]),
        ("no_files", {
            "config": "data/shape.json",
            "config_media_type": "a/b",
        }, 1, ["artifact_no_files.empty.json", "shape.json"]),
        ("empty_config", {"config_media_type": "a/b"}, 1, ["artifact_empty_config.empty.json"]),
    ]:
        image_artifact(name = "artifact_" + case, tags = ["manual"], **attrs)
        tests.append("artifact_%s_test" % case)
        _empty_test(
            name = tests[-1],
            configs = configs,
            documents = documents,
            target_under_test = "artifact_" + case,
        )

    # An artifact is pushed, archived and tested like an image, and is itself a subject.
    image_artifact(name = "artifact_of_artifact", artifact_type = "a/b", subject = "artifact", tags = ["manual"])
    image_push(name = "artifact_push", image = "artifact", repository = "r.test/a", tags = ["manual"])
    image_archive(name = "artifact_archive", image = "artifact_of_artifact", tags = ["manual"])
    image_test(name = "artifact_valid", image = "artifact_no_config")

    native.filegroup(
        name = "artifact_directory",
        srcs = ["artifact_subject"],
        output_group = "oci_layout",
        tags = ["manual"],
    )
    tests += [
        refusal(
            image_artifact,
            "artifact_with_directory",
            ["provides a directory, rules/tests/artifact_subject.layout.", "Put it into an image_layer or a pkg_tar"],
            artifact_type = "a/b",
            files = {"artifact_directory": ""},
        ),
        refusal(
            image_artifact,
            "artifact_without_type",
            ["//rules/tests:artifact_without_type: set artifact_type or config_media_type"],
        ),
        refusal(
            image_artifact,
            "artifact_without_config_type",
            ["config is set, so config_media_type must be, too"],
            artifact_type = "a/b",
            config = "data/a.txt",
        ),
        refusal(
            image_artifact,
            "artifact_unknown_title",
            ["attribute titles", "//rules/tests:data/a.txt is not in files; known are", "//rules/tests:data/b=c.txt"],
            artifact_type = "a/b",
            files = {"data/b=c.txt": ""},
            titles = {"data/a.txt": "a"},
        ),
        refusal(
            image_artifact,
            "artifact_two_files_one_title",
            ["//rules/tests:artifact_subject has 3 files, a title is for one"],
            artifact_type = "a/b",
            files = {"artifact_subject": ""},
            titles = {"artifact_subject": "a"},
        ),
        refusal(
            image_artifact,
            "artifact_of_layer",
            ["//rules/tests:artifact_layer' does not have mandatory providers: 'ImageInfo' or 'IndexInfo' or 'ArtifactInfo'"],
            artifact_type = "a/b",
            subject = "artifact_layer",
        ),
        refusal(
            image,
            "artifact_as_base",
            ["attribute base: ", "//rules/tests:artifact is an artifact, not an image: it has no layers"],
            base = "artifact",
        ),
        refusal(
            image,
            "artifact_as_layer",
            ["attribute layers: ", "//rules/tests:artifact is an artifact, not a layer"],
            layers = ["artifact"],
        ),
        refusal(
            image_load,
            "artifact_loaded",
            ["attribute image: ", "is an artifact, not an image: a container engine cannot load it"],
            image = "artifact",
            repo_tags = ["a"],
        ),
    ]
    native.test_suite(name = name, tests = tests + ["artifact_valid"])
