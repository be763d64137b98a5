"""image and image_index: metadata is computed from metadata, in two actions per image."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:defs.bzl", "image", "image_import", "image_index", "image_layer", "image_squash")
load("//rules:providers.bzl", "ImageInfo", "IndexInfo")
load(":actions.bzl", "MnemonicsInfo", "actions_of", "collect_actions", "flags", "input_names", "only")

visibility("private")

def _metadata_impl(ctx):
    env = analysistest.begin(ctx)
    config = only(env, "MkConfig")
    asserts.equals(env, [
        "base.config.json",
        "base.descriptor.json",
        "base.shape.json",
        "bottom.layer.json",
        "bottom.shape.json",
        "top.layer.json",
        "top.shape.json",
    ], input_names(config))
    asserts.equals(env, [
        "BIN/rules/tests/bottom.layer.json",
        "BIN/rules/tests/top.layer.json",
    ], flags(config, "layer"))
    asserts.equals(env, ["BIN/rules/tests/base.shape.json"], flags(config, "base-shape"))
    asserts.equals(env, [
        "BIN/rules/tests/bottom.shape.json",
        "BIN/rules/tests/top.shape.json",
    ], flags(config, "shape"))
    asserts.equals(env, [json.encode({
        "clear": ["env"],
        "cmd": ["", "a\nb", "--x=y"],
        "env": {"COST": "$5 or 5$, $$HOME ${HOME}", "KEY": "value"},  # mkconfig expands
        "healthcheck": ["CMD", "/check"],
        "healthcheck_interval": "30s",
        "healthcheck_retries": 3,
        "healthcheck_start_interval": "1s",
        "healthcheck_start_period": "1m30s",
        "healthcheck_timeout": "5s",
        "unset_env": ["HOME"],
        "unset_labels": ["a", "b"],
    })], flags(config, "settings"))

    manifest = only(env, "MkManifest")
    asserts.equals(env, [
        "base.manifest.json",
        "bottom.layer.json",
        "derived.config.descriptor.json",
        "top.layer.json",
    ], input_names(manifest))
    asserts.equals(env, ["key\\=1=value"], flags(manifest, "annotation"))

    info = analysistest.target_under_test(env)[ImageInfo]
    asserts.equals(env, ["bottom.tar.gz", "top.tar.gz"], [layer.blob.basename for layer in info.layers])
    asserts.equals(env, ["base.blobs"], [each.directory.basename for each in info.blobs.to_list()])
    asserts.equals(env, ["base.shape.json", "bottom.shape.json", "top.shape.json"], [file.basename for file in info.shapes])
    return analysistest.end(env)

_metadata_test = analysistest.make(_metadata_impl)

def _files_impl(ctx):
    env = analysistest.begin(ctx)
    config = only(env, "MkConfig")
    asserts.equals(env, ["rules/tests/data/a.txt"], flags(config, "env-file"))
    asserts.equals(env, ["rules/tests/data/b=c.txt"], flags(config, "labels-file"))
    asserts.equals(env, ["a.txt", "b=c.txt"], input_names(config))
    manifest = only(env, "MkManifest")
    asserts.equals(env, ["rules/tests/data/shape.json"], flags(manifest, "annotations-file"))
    asserts.equals(env, ["from_files.config.descriptor.json", "shape.json"], input_names(manifest))
    return analysistest.end(env)

_files_test = analysistest.make(_files_impl)

def _index_files_impl(ctx):
    env = analysistest.begin(ctx)
    index = only(env, "MkIndex")
    asserts.equals(env, ["rules/tests/data/shape.json"], flags(index, "annotations-file"))
    asserts.equals(env, ["from_files.descriptor.json", "shape.json"], input_names(index))
    return analysistest.end(env)

_index_files_test = analysistest.make(_index_files_impl)

def _default_outputs_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    asserts.equals(
        env,
        ["derived.config.json", "derived.digest", "derived.manifest.json"],
        sorted([file.basename for file in target[DefaultInfo].files.to_list()]),
    )
    for group, basename in {
        "archive": "derived.tar",
        "config": "derived.config.json",
        "digest": "derived.digest",
        "manifest": "derived.manifest.json",
        "oci_layout": "derived.layout",
    }.items():
        asserts.equals(env, [basename], [file.basename for file in getattr(target[OutputGroupInfo], group).to_list()])
    return analysistest.end(env)

_default_outputs_test = analysistest.make(_default_outputs_impl)

def _digest_labels_impl(ctx):
    env = analysistest.begin(ctx)
    files = analysistest.target_under_test(env)[DefaultInfo].files.to_list()
    for file, target in zip(files, ctx.attr.images):
        asserts.equals(env, target[OutputGroupInfo].digest.to_list(), [file])
    asserts.equals(env, 3, len(files))
    return analysistest.end(env)

_digest_labels_test = analysistest.make(_digest_labels_impl, attrs = {"images": attr.label_list(mandatory = True)})

def _action_count_impl(ctx):
    env = analysistest.begin(ctx)
    actions = analysistest.target_under_test(env)[MnemonicsInfo].actions.to_list()

    # Layouts and archives are declared too, but built only for their output groups.
    run = [action for action in actions if action.mnemonic != "MkLayout"]
    asserts.equals(env, 10, len(actions_of(run, "MkLayer")), "MkLayer actions")
    asserts.equals(env, 12, len(run), "actions of an image with 10 layers")
    return analysistest.end(env)

_action_count_test = analysistest.make(_action_count_impl, extra_target_under_test_aspects = [collect_actions])

def _index_impl(ctx):
    env = analysistest.begin(ctx)
    index = only(env, "MkIndex")
    asserts.equals(env, ["ten.descriptor.json"] * 2, input_names(index))
    images = analysistest.target_under_test(env)[IndexInfo].images
    asserts.equals(env, [image.descriptor.path for image in images], [
        arg[len("--image="):]
        for arg in index.argv
        if arg.startswith("--image=")
    ], "order of the images")
    asserts.equals(env, 2, len({image.manifest.path: None for image in images}), "configurations")
    return analysistest.end(env)

_index_test = analysistest.make(_index_impl)

def _small_inputs_impl(ctx):
    env = analysistest.begin(ctx)
    actions = analysistest.target_under_test(env)[MnemonicsInfo].actions.to_list()
    checked = 0
    for action in actions:
        if action.mnemonic in ["MkConfig", "MkManifest", "MkIndex"]:
            checked += 1
            for name in input_names(action):
                asserts.true(env, name.endswith(".json"), "%s has the input %s" % (action.mnemonic, name))
    asserts.equals(env, 5, checked, "metadata actions of an index of two images")
    return analysistest.end(env)

_small_inputs_test = analysistest.make(_small_inputs_impl, extra_target_under_test_aspects = [collect_actions])

def image_tests(name):
    """Declares the tests of image and image_index.

    Args:
      name: Name of the test suite.
    """
    image_import(name = "base", src = "data/a.txt", tags = ["manual"])
    for layer in ["bottom", "top"]:
        image_layer(name = layer, files = {"/" + layer: "data/a.txt"})
    image(
        name = "derived",
        annotations = {"key=1": "value"},
        base = "base",
        clear = ["env"],
        cmd = ["", "a\nb", "--x=y"],
        env = {"COST": "$5 or 5$, $$HOME ${HOME}", "KEY": "value"},
        healthcheck = ["CMD", "/check"],
        healthcheck_interval = "30s",
        healthcheck_retries = 3,
        healthcheck_start_interval = "1s",
        healthcheck_start_period = "1m30s",
        healthcheck_timeout = "5s",
        layers = ["bottom", "top"],
        tags = ["manual"],
        unset_env = ["HOME"],
        unset_labels = ["a", "b"],
    )
    _metadata_test(name = "metadata_test", target_under_test = "derived")
    _default_outputs_test(name = "default_outputs_test", target_under_test = "derived")

    for number in range(10):
        image_layer(name = "layer_%d" % number, files = {"/%d" % number: "data/a.txt"})
    image(name = "ten", layers = ["layer_%d" % number for number in range(10)])
    _action_count_test(name = "action_count_test", target_under_test = "ten")

    image_index(
        name = "index",
        images = ["ten"],
        platforms = ["@rules_go//go/toolchain:linux_arm64", "@rules_go//go/toolchain:linux_amd64"],
    )
    _index_test(name = "index_test", target_under_test = "index")
    _small_inputs_test(name = "small_inputs_test", target_under_test = "index")

    image(
        name = "from_files",
        annotations_file = "data/shape.json",
        env_file = "data/a.txt",
        labels_file = "data/b=c.txt",
        tags = ["manual"],
    )
    _files_test(name = "files_test", target_under_test = "from_files")
    image_index(name = "index_from_files", annotations_file = "data/shape.json", images = ["from_files"], tags = ["manual"])
    _index_files_test(name = "index_files_test", target_under_test = "index_from_files")

    image_squash(name = "squashed_ten", image = "ten", tags = ["manual"])
    labeled = ["index", "squashed_ten", "ten"]
    native.filegroup(name = "digests", srcs = [target + ".digest" for target in labeled], tags = ["manual"])
    _digest_labels_test(name = "digest_labels_test", images = labeled, target_under_test = "digests")

    native.test_suite(name = name, tests = [
        "action_count_test",
        "default_outputs_test",
        "digest_labels_test",
        "files_test",
        "index_files_test",
        "index_test",
        "metadata_test",
        "small_inputs_test",
    ])
