"""Tar archives among the layers of an image."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:defs.bzl", "image", "image_index", "image_layer")
load("//rules:providers.bzl", "ImageInfo")
load(":actions.bzl", "MnemonicsInfo", "actions_of", "collect_actions", "flags", "input_names", "only")
load(":refusal.bzl", "refusal")

visibility("private")

_OUTPUTS = ["output", "descriptor", "shape"]

def _layers_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    asserts.equals(env, [
        "explicit.layer",
        "tars.layers/rules/tests/data/b=c.txt.layer",
        "tars.layers/rules/tests/data/a.txt.layer",
        "between.tar.gz",
        "tars.layers/rules/tests/data/a.txt.layer",
        "tars.layers/rules/tests/data/shape.json.layer",
    ], [layer.blob.short_path.removeprefix("rules/tests/") for layer in target[ImageInfo].layers])

    # The metadata has the same inputs as for other layers.
    names = [
        "%s.%s.json" % (layer, kind)
        for layer in ["a.txt", "b=c.txt", "between", "explicit", "shape.json"]
        for kind in ["layer", "shape"]
    ]
    config = only(env, "MkConfig")
    asserts.equals(env, sorted(names), sorted({name: None for name in input_names(config)}.keys()))
    asserts.equals(env, 6, len(flags(config, "layer")))
    asserts.equals(env, 6, len(flags(config, "shape")))
    return analysistest.end(env)

_layers_test = analysistest.make(_layers_impl)

def _same_action_impl(ctx):
    env = analysistest.begin(ctx)
    actions = analysistest.target_under_test(env)[MnemonicsInfo].actions.to_list()
    layers = actions_of(actions, "MkLayer")
    asserts.equals(env, 5, len(layers), "MkLayer actions")
    asserts.equals(env, 7, len([action for action in actions if action.mnemonic != "MkLayout"]), "actions")
    commands = {}
    for action in layers:
        if flags(action, "tar") != ["rules/tests/data/a.txt"]:
            continue
        asserts.equals(env, ["a.txt"], input_names(action))
        command = [arg for arg in action.argv if not [name for name in _OUTPUTS if arg.startswith("--%s=" % name)]]
        asserts.equals(env, len(action.argv) - 3, len(command))
        commands[tuple(command)] = commands.get(tuple(command), 0) + 1
    asserts.equals(env, [2], commands.values(), "explicit and implicit layers with the same command line")
    return analysistest.end(env)

_same_action_test = analysistest.make(_same_action_impl, extra_target_under_test_aspects = [collect_actions])

def tar_layer_tests(name):
    """Declares the tests of archives among the layers of an image.

    Args:
      name: Name of the test suite.
    """
    image_layer(name = "explicit", tags = ["manual"], tars = ["data/a.txt"])
    image_layer(name = "between", files = {"/between": "data/a.txt"})
    native.filegroup(name = "several_tars", srcs = ["data/a.txt", "data/shape.json"])
    image(
        name = "tars",
        layers = ["explicit", "data/b=c.txt", "data/a.txt", "between", "several_tars"],
        tags = ["manual"],
    )
    _layers_test(name = "tars_layers_test", target_under_test = "tars")
    _same_action_test(name = "tars_same_action_test", target_under_test = "tars")

    image_index(name = "tars_index", images = ["tars"], tags = ["manual"])
    native.filegroup(name = "no_tars", srcs = [])
    native.filegroup(name = "tars_directory", srcs = ["tars"], output_group = "oci_layout", tags = ["manual"])
    accepts = "layers accepts image_layer, image_binary_layers and conda_layers targets, and tar archives"
    refused = [
        refusal(
            image,
            name = "tars_" + kind,
            layers = [layer],
            message = [":tars_%s: attribute layers: " % kind, message, accepts],
        )
        for kind, (layer, message) in {
            "of_directory": ("tars_directory", ":tars_directory provides a directory, rules/tests/tars.layout; put it into an"),
            "of_image": ("tars", ":tars is an image, not a layer; use it as the base"),
            "of_index": ("tars_index", ":tars_index is an image, not a layer"),
            "of_nothing": ("no_tars", ":no_tars has neither layers nor files"),
        }.items()
    ]
    native.test_suite(name = name, tests = refused + ["tars_layers_test", "tars_same_action_test"])
