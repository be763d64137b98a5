"""The compression of layers: the target's attributes, or else the build's flags."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:defs.bzl", "image_binary_layers", "image_layer")
load(":actions.bzl", "actions_of", "flags")

visibility("private")

def _packing_impl(ctx):
    env = analysistest.begin(ctx)
    action = actions_of(analysistest.target_actions(env), "MkLayer")[0]
    found = [
        "%s=%s" % (flag, value)
        for flag in ["compression", "level", "default-compression", "default-level"]
        for value in flags(action, flag)
    ]
    asserts.equals(env, ctx.attr.flags, found)
    asserts.equals(env, ctx.attr.output, flags(action, "output")[0].split("/")[-1])
    return analysistest.end(env)

_ATTRS = {
    "flags": attr.string_list(),
    "output": attr.string(),
}

_packing_test = analysistest.make(_packing_impl, attrs = _ATTRS)

_build_packing_test = analysistest.make(_packing_impl, attrs = _ATTRS, config_settings = {
    str(Label("//rules:compression")): "zstd",
    str(Label("//rules:compression_level")): 19,
})

_GZIP = ["default-compression=gzip"]
_ZSTD = ["default-compression=zstd", "default-level=19"]

# For each target: the flags and the suffix without build flags, and with zstd at level 19. A layer of a single archive has the
# same suffix in both cases, because only mklayer decides whether the archive is kept.
_CASES = {
    "packed_as_usual": ((_GZIP, ".tar.gz"), (_ZSTD, ".tar.zst")),
    "packed_with_gzip": ((["compression=gzip"], ".tar.gz"), (["compression=gzip"], ".tar.gz")),
    "packed_at_level_9": ((["level=9"] + _GZIP, ".tar.gz"), (["level=9"] + _ZSTD, ".tar.zst")),
    "packed_not": ((["compression=none"], ".tar"), (["compression=none"], ".tar")),
    "packed_as_it_was": ((_GZIP, ".layer"), (_ZSTD, ".layer")),
    "packed_first_of_duplicates": ((_GZIP, ".layer"), (_ZSTD, ".layer")),
    "packed_tar_with_gzip": ((["compression=gzip"], ".tar.gz"), (["compression=gzip"], ".tar.gz")),
    "packed_tars": ((_GZIP, ".tar.gz"), (_ZSTD, ".tar.zst")),
    "packed_program": ((_GZIP, ".app.tar.gz"), (_ZSTD, ".app.tar.zst")),
    "packed_program_at_level_1": (
        (["compression=gzip", "level=1"], ".app.tar.gz"),
        (["compression=gzip", "level=1"], ".app.tar.gz"),
    ),
}

def _targets():
    files = {"/etc/a": "data/a.txt"}
    image_layer(name = "packed_as_usual", files = files)
    image_layer(name = "packed_with_gzip", compression = "gzip", files = files)
    image_layer(name = "packed_at_level_9", compression_level = 9, files = files)
    image_layer(name = "packed_not", compression = "none", files = files)
    image_layer(name = "packed_as_it_was", tags = ["manual"], tars = ["data/a.txt"])
    image_layer(name = "packed_first_of_duplicates", duplicates = "first", tags = ["manual"], tars = ["data/a.txt"])
    image_layer(name = "packed_tar_with_gzip", compression = "gzip", tags = ["manual"], tars = ["data/a.txt"])
    image_layer(name = "packed_tars", tags = ["manual"], tars = ["data/a.txt", "data/b=c.txt"])
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
        for rule, suffix, (flags, output) in [
            (_packing_test, "_test", usual),
            (_build_packing_test, "_by_build_test", build),
        ]:
            tests.append(target + suffix)
            rule(
                name = tests[-1],
                flags = flags,
                output = target + output,
                target_under_test = target,
            )
    native.test_suite(name = name, tests = tests)
