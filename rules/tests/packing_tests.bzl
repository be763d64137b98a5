"""How layers are packed: what a target says, else what the build says."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:defs.bzl", "image_binary_layers", "image_layer")
load(":actions.bzl", "actions_of", "flags")

visibility("private")

def _packing_impl(ctx):
    env = analysistest.begin(ctx)
    found = [
        (flags(action, "compression"), flags(action, "level"), flags(action, "output")[0].split("/")[-1])
        for action in actions_of(analysistest.target_actions(env), "MkLayer")
    ]
    asserts.equals(env, [(ctx.attr.compression, ctx.attr.level, ctx.attr.output)], found)
    return analysistest.end(env)

_ATTRS = {
    "compression": attr.string_list(),
    "level": attr.string_list(),
    "output": attr.string(),
}

_packing_test = analysistest.make(_packing_impl, attrs = _ATTRS)

_build_packing_test = analysistest.make(_packing_impl, attrs = _ATTRS, config_settings = {
    str(Label("//rules:compression")): "zstd",
    str(Label("//rules:compression_level")): 19,
})

# For each target: the flags and the suffix if the build says nothing, and if it says zstd at level 19.
_CASES = {
    "packed_as_usual": (([], ["gzip"], ".tar.gz"), (["19"], ["zstd"], ".tar.zst")),
    "packed_with_gzip": (([], ["gzip"], ".tar.gz"), ([], ["gzip"], ".tar.gz")),
    "packed_at_level_9": ((["9"], ["gzip"], ".tar.gz"), (["9"], ["zstd"], ".tar.zst")),
    "packed_not": (([], ["none"], ".tar"), ([], ["none"], ".tar")),
    "packed_as_it_was": (([], [], ".layer"), ([], [], ".layer")),
    "packed_tar": (([], ["gzip"], ".tar.gz"), (["19"], ["zstd"], ".tar.zst")),
    "packed_program": (([], ["gzip"], ".app.tar.gz"), (["19"], ["zstd"], ".app.tar.zst")),
    "packed_program_at_level_1": ((["1"], ["gzip"], ".app.tar.gz"), (["1"], ["gzip"], ".app.tar.gz")),
}

def _targets():
    files = {"/etc/a": "data/a.txt"}
    image_layer(name = "packed_as_usual", files = files)
    image_layer(name = "packed_with_gzip", compression = "gzip", files = files)
    image_layer(name = "packed_at_level_9", compression_level = 9, files = files)
    image_layer(name = "packed_not", compression = "none", files = files)
    image_layer(name = "packed_as_it_was", tags = ["manual"], tars = ["data/a.txt"])
    image_layer(name = "packed_tar", package_dir = "/opt", tags = ["manual"], tars = ["data/a.txt"])
    image_binary_layers(name = "packed_program", binary = "program", path = "/app")
    image_binary_layers(
        name = "packed_program_at_level_1",
        binary = "program",
        compression = "gzip",
        compression_level = 1,
        path = "/app",
    )

def packing_tests(name):
    """Declares the tests of packing.bzl.

    Args:
      name: Name of the test suite.
    """
    _targets()
    tests = []
    for target, (usual, build) in _CASES.items():
        for rule, suffix, (level, compression, output) in [
            (_packing_test, "_test", usual),
            (_build_packing_test, "_by_build_test", build),
        ]:
            tests.append(target + suffix)
            rule(
                name = tests[-1],
                compression = compression,
                level = level,
                output = target + output,
                target_under_test = target,
            )
    native.test_suite(name = name, tests = tests)
