"""zTOCs of layers, and image_soci."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:defs.bzl", "image", "image_index", "image_layer", "image_soci")
load("//rules:providers.bzl", "IndexInfo")
load(":actions.bzl", "actions_of", "flags", "input_names", "only")
load(":refusal.bzl", "refusal")

visibility("private")

_WITH_SOCI = {str(Label("//rules:soci")): True}

def _layer_impl(ctx):
    env = analysistest.begin(ctx)
    action = actions_of(analysistest.target_actions(env), "MkLayer")[0]
    outputs = sorted([file.basename.split(".", 1)[-1] for file in action.outputs.to_list()])
    asserts.equals(env, ctx.attr.outputs, outputs)
    asserts.equals(env, len([output for output in outputs if output == "ztoc"]), len(flags(action, "ztoc")))
    return analysistest.end(env)

_ATTRS = {"outputs": attr.string_list()}

_layer_test = analysistest.make(_layer_impl, attrs = _ATTRS)
_ztoc_test = analysistest.make(_layer_impl, attrs = _ATTRS, config_settings = _WITH_SOCI)

def _soci_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    action = only(env, "MkSoci")
    inputs = input_names(action)
    asserts.equals(env, ctx.attr.inputs, inputs)
    asserts.equals(env, ["100"], flags(action, "min-layer-size"))
    asserts.equals(env, ["BIN/rules/tests/%s.blobs" % target.label.name], flags(action, "blobs"))
    index = target[IndexInfo]
    asserts.equals(env, ctx.attr.images, [each.manifest.basename for each in index.images])
    asserts.equals(env, [target.label.name + ".blobs"], [blobs.directory.basename for blobs in index.blobs.to_list()])
    return analysistest.end(env)

_soci_test = analysistest.make(
    _soci_impl,
    attrs = {
        "images": attr.string_list(),
        "inputs": attr.string_list(),
    },
    config_settings = _WITH_SOCI,
)

def soci_tests(name):
    """Declares the tests of soci.bzl.

    Args:
      name: Name of the test suite.
    """
    tests = []
    for compression, suffix, ztoc in [("gzip", "tar.gz", ["ztoc"]), ("zstd", "tar.zst", []), ("none", "tar", [])]:
        target = "soci_layer_" + compression
        image_layer(name = target, compression = compression, files = {"/a": "data/a.txt"})
        outputs = ["layer.json", "shape.json", suffix]
        _layer_test(name = target + "_test", outputs = outputs, target_under_test = target)
        _ztoc_test(name = target + "_ztoc_test", outputs = outputs + ztoc, target_under_test = target)
        tests.extend([target + "_test", target + "_ztoc_test"])

    # The compression is unknown before the build.
    image_layer(name = "soci_layer_kept", tags = ["manual"], tars = ["data/a.txt"])
    _ztoc_test(
        name = "soci_layer_kept_test",
        outputs = ["layer", "layer.json", "shape.json", "ztoc"],
        target_under_test = "soci_layer_kept",
    )
    image(name = "soci_image", layers = ["soci_layer_gzip", "soci_layer_zstd"])
    image_index(name = "soci_index", images = ["soci_image"])
    image_soci(name = "soci", image = "soci_image", min_layer_size = 100, tags = ["manual"])
    image_soci(name = "soci_of_index", image = "soci_index", min_layer_size = 100, tags = ["manual"])

    # No blob of a layer is an input.
    inputs = ["soci_image.descriptor.json", "soci_image.manifest.json", "soci_layer_gzip.layer.json", "soci_layer_gzip.ztoc"]
    _soci_test(name = "soci_test", images = ["1.manifest.json"], inputs = inputs, target_under_test = "soci")
    _soci_test(
        name = "soci_of_index_test",
        images = ["1.manifest.json"],
        inputs = sorted(inputs + ["soci_index.index.json"]),
        target_under_test = "soci_of_index",
    )
    tests.extend(["soci_layer_kept_test", "soci_test", "soci_of_index_test"])
    tests.append(refusal(
        image_soci,
        name = "soci_without_the_flag",
        image = "soci_image",
        message = [
            "soci_without_the_flag: the layers of",
            "Add this line to .bazelrc: common --@rules_strata//rules:soci",
        ],
    ))
    native.test_suite(name = name, tests = tests)
