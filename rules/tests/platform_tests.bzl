"""Platforms: of a target, of an image in an index, and of images behind transitions."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//rules:defs.bzl", "image", "image_archive", "image_import", "image_index", "image_layer", "image_squash")
load("//rules:providers.bzl", "ImageInfo", "IndexInfo")
load("//rules/private:variants.bzl", "format_platform", "higher_variant", "suitable")
load(":actions.bzl", "actions_of", "flags", "only")
load(":refusal.bzl", "refusal")

visibility("private")

_AMD64 = "@rules_go//go/toolchain:linux_amd64"
_ARM64 = "@rules_go//go/toolchain:linux_arm64"
_S390X = "@rules_go//go/toolchain:linux_s390x"

def _target(name):
    os, architecture, variant = (name + "/").split("/")[:3]
    return {"architecture": architecture, "os": os} | ({"variant": variant} if variant else {})

def _suitable_impl(ctx):
    env = unittest.begin(ctx)
    for target, names, want in [
        ("linux/arm64", ["linux/amd64", "linux/arm64"], [1]),
        ("linux/arm64", ["linux/amd64", "linux/arm64/v8"], [1]),
        ("linux/arm64", ["linux/arm64/v9"], []),
        ("linux/arm64", ["linux/arm"], []),
        ("linux/arm64", ["windows/arm64"], []),
        ("linux/arm64", [None, "linux/arm64"], [1]),
        ("linux/arm64", [None], []),
        ("linux/arm64", [], []),
        ("linux/arm/v7", ["linux/arm/v5", "linux/arm/v6"], [1]),
        ("linux/arm/v7", ["linux/arm/v6", "linux/arm"], [1]),
        ("linux/arm/v6", ["linux/arm", "linux/arm/v7"], []),
        ("linux/arm/v6", ["linux/arm/v5", "linux/arm/v6", "linux/arm/v7"], [1]),
        ("linux/amd64", ["linux/amd64/v2"], []),
        ("linux/amd64/v3", ["linux/amd64", "linux/amd64/v2", "linux/amd64/v4"], [1]),
        ("linux/amd64/v3", ["linux/amd64", "linux/amd64/v3"], [1]),
        ("linux/amd64/fast", ["linux/amd64", "linux/amd64/fast"], [1]),
        ("windows/amd64", ["windows/amd64", "windows/amd64"], [0, 1]),
    ]:
        asserts.equals(env, want, suitable(names, _target(target)), "%s of %s" % (target, names))
    asserts.equals(env, [], suitable(["linux/arm64"], {"os": "linux"}))
    asserts.equals(env, None, format_platform({"architecture": "arm64"}))
    for platform, target, want in [
        ("linux/amd64", "linux/amd64/v3", "linux/amd64/v3"),
        ("linux/amd64/v4", "linux/amd64/v3", "linux/amd64/v4"),
        ("linux/amd64", "linux/amd64", "linux/amd64"),
        ("linux/arm64", "linux/amd64/v3", "linux/arm64"),
        ("linux/arm", "linux/arm/v7", "linux/arm"),
        ("linux/arm/v6", "linux/arm/v7", "linux/arm/v7"),
        ("linux/arm/v7", "linux/arm/v6", "linux/arm/v7"),
    ]:
        asserts.equals(env, want, higher_variant(platform, _target(target)), "%s, %s" % (platform, target))
    return unittest.end(env)

_suitable_test = unittest.make(_suitable_impl)

def _image_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[ImageInfo]
    asserts.equals(env, ctx.attr.platform or None, info.platform)
    config = only(env, "MkConfig")
    for part in ctx.attr.settings:
        asserts.true(env, part in flags(config, "settings")[0], "%s in %s" % (part, flags(config, "settings")))
    if ctx.attr.index:
        base = ctx.attr.index[IndexInfo].images[ctx.attr.position]
        asserts.equals(env, ["--base-config=" + base.config.path], [
            arg
            for arg in config.argv
            if arg.startswith("--base-config=")
        ])
        asserts.equals(env, base.layers, info.layers[:len(base.layers)])
    return analysistest.end(env)

_image_test = analysistest.make(_image_impl, attrs = {
    "index": attr.label(doc = "The index of the base."),
    "platform": attr.string(doc = "The image's platform."),
    "position": attr.int(doc = "The base's position in the index."),
    "settings": attr.string_list(doc = "Parts of the settings."),
})

def _listed_impl(ctx):
    env = analysistest.begin(ctx)
    index = analysistest.target_under_test(env)[IndexInfo]
    asserts.equals(env, ctx.attr.platforms, [image.platform for image in index.images])
    return analysistest.end(env)

_listed_test = analysistest.make(_listed_impl, attrs = {"platforms": attr.string_list()})

def _below_impl(ctx):
    env = analysistest.begin(ctx)
    action = only(env, ctx.attr.mnemonic)
    asserts.equals(env, ["BIN/rules/tests/" + ctx.attr.file], flags(action, ctx.attr.flag))
    return analysistest.end(env)

_below_test = analysistest.make(
    _below_impl,
    attrs = {
        "file": attr.string(doc = "The file of the image in the index for linux/arm64."),
        "flag": attr.string(doc = "The flag for it."),
        "mnemonic": attr.string(),
    },
    config_settings = {"//command_line_option:platforms": [str(Label(_ARM64))]},
)

_to_arm64 = transition(
    implementation = lambda _settings, _attr: {"//command_line_option:platforms": _ARM64},
    inputs = [],
    outputs = ["//command_line_option:platforms"],
)

def _forwarding_impl(ctx):
    return [DefaultInfo(files = depset(transitive = [target[DefaultInfo].files for target in ctx.attr.srcs]))]

# Like platform_transition_filegroup of bazel_lib, which forwards files only.
_forwarding = rule(
    implementation = _forwarding_impl,
    attrs = {"srcs": attr.label_list(allow_files = True, cfg = _to_arm64)},
)

def _behind_impl(ctx):
    image = ctx.attr.image[0]
    return [image[ImageInfo], image[DefaultInfo]]

# A rule of a user that forwards providers.
_behind = rule(
    implementation = _behind_impl,
    attrs = {"image": attr.label(cfg = _to_arm64)},
)

def _forwarded_impl(ctx):
    env = analysistest.begin(ctx)
    image = ctx.attr.image[ImageInfo]
    for action in actions_of(analysistest.target_actions(env), "MkLayout"):
        asserts.equals(env, ["--root=" + image.descriptor.path], [arg for arg in action.argv if arg.startswith("--root=")])
    asserts.equals(env, "linux/arm64", image.platform)
    return analysistest.end(env)

_forwarded_test = analysistest.make(_forwarded_impl, attrs = {"image": attr.label()})

def _imported_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    index = target[IndexInfo]
    asserts.equals(env, ["linux/amd64", "linux/arm/v7"], [image.platform for image in index.images])
    asserts.equals(env, ["imported.blobs"], [each.directory.basename for each in index.blobs.to_list()])
    asserts.equals(env, ["imported.linux_arm_v7.blobs"], [each.directory.basename for each in index.images[1].blobs.to_list()])
    actions = actions_of(analysistest.target_actions(env), "MkImport")
    asserts.equals(env, 6, len(actions), "actions: documents and blobs of the index and of two images")
    for action in actions[-2:]:
        asserts.equals(env, ["linux/amd64", "linux/arm/v7"], flags(action, "except"))
    for action in actions:
        asserts.equals(env, ["v1"], flags(action, "ref"))
    archive = actions_of(analysistest.target_actions(env), "MkLayout")[0]
    asserts.equals(env, [
        "imported.linux_amd64.blobs",
        "imported.linux_arm_v7.blobs",
        "imported.blobs",
    ], [flag.partition("=")[0].rpartition("/")[2] for flag in flags(archive, "blobs")])
    return analysistest.end(env)

_imported_test = analysistest.make(_imported_impl)

def _nested_impl(ctx):
    env = analysistest.begin(ctx)
    action = only(env, "MkIndex")
    listed = [arg.partition("=")[0] + " " + arg.rpartition("/")[2] for arg in action.argv if arg.startswith("--i")]
    asserts.equals(env, [
        "--index pair.index.json",
        "--image plain.descriptor.json",
        "--index imported.index.json",
    ], listed)
    index = analysistest.target_under_test(env)[IndexInfo]
    asserts.equals(env, 5, len(index.images), "images")
    asserts.equals(env, ["imported.blobs"], [each.directory.basename for each in index.blobs.to_list()])
    return analysistest.end(env)

_nested_test = analysistest.make(_nested_impl)

def _base_tests():
    """Declares the tests of bases that are indexes, and returns their names."""
    image_layer(name = "platform_layer", files = {"/a": "data/a.txt"})
    image(name = "plain", layers = ["platform_layer"], tags = ["manual"])
    image_index(name = "pair", images = ["plain"], platforms = [_AMD64, _ARM64], tags = ["manual"])
    tests = []
    for name, platform, position in [("linux/amd64", _AMD64, 0), ("linux/arm64", _ARM64, 1)]:
        target = "on_pair_" + name.partition("/")[2]
        image(name = target, base = "pair", layers = ["platform_layer"], platform = platform, tags = ["manual"])
        _image_test(name = target + "_test", index = "pair", platform = name, position = position, target_under_test = target)
        tests.append(target + "_test")
    for name, platform in [("amd64", _AMD64), ("arm64", _ARM64)]:
        image_layer(name = "layer_for_" + name, files = {"/a": "data/a.txt"})
        image(name = "for_" + name, layers = ["layer_for_" + name], platform = platform, tags = ["manual"])
    image_index(name = "fixed_pair", images = ["for_amd64", "for_arm64"], tags = ["manual"])
    native.config_setting(name = "is_arm64", constraint_values = ["@platforms//cpu:aarch64"])
    native.alias(
        name = "for_each",
        actual = select({":is_arm64": ":for_arm64", "//conditions:default": ":for_amd64"}),
        tags = ["manual"],
    )
    image_index(name = "aliased", images = ["for_each"], platforms = [_AMD64, _ARM64], tags = ["manual"])
    _listed_test(name = "aliased_test", platforms = ["linux/amd64", "linux/arm64"], target_under_test = "aliased")
    tests.append("aliased_test")
    image_squash(name = "above_pair", above = "fixed_pair", image = "on_pair_amd64", tags = ["manual"])
    image_layer(name = "over_pair", files = {"/a": "data/a.txt"}, over = "fixed_pair", tags = ["manual"])
    for flag, mnemonic, file in [
        ("above", "MkSquash", "for_arm64.manifest.json"),
        ("over", "MkLayer", "layer_for_arm64.shape.json"),
    ]:
        target = flag + "_pair"
        _below_test(name = target + "_test", file = file, flag = flag, mnemonic = mnemonic, target_under_test = target)
        tests.append(target + "_test")
    image_import(name = "unnamed", src = "data/a.txt", tags = ["manual"])
    image_index(name = "unnamed_index", images = ["unnamed"], tags = ["manual"])
    return tests + [
        refusal(
            image,
            "on_missing",
            [
                "rules/tests:on_missing: the index ",
                "rules/tests:pair has no image for linux/s390x, only for linux/amd64, linux/arm64.",
                "with the attribute platform",
            ],
            base = "pair",
            platform = _S390X,
        ),
        refusal(
            image,
            "on_unnamed",
            ["only for an unknown platform.", "The platform of an image_import is known only if"],
            base = "unnamed_index",
        ),
        refusal(
            image_index,
            "fixed_for_several",
            ["rules/tests:on_pair_arm64 is the same for several of the platforms", "Remove its attribute platform"],
            images = ["on_pair_arm64"],
            platforms = [_AMD64, _ARM64],
        ),
    ]

def _variant_tests():
    """Declares the tests of variants from constraints, and returns their names."""
    tests = []
    image_import(name = "amd64_base", platform = "linux/amd64", src = "data/a.txt", tags = ["manual"])
    for target, cpu, variant, base, platform, settings in [
        ("v6", "armv7", "arm_v6", None, "linux/arm/v6", "\"variant\":\"v6\""),
        ("v7", "armv7", None, None, "linux/arm/v7", "\"variant\":\"v7\""),
        ("aarch32", "aarch32", None, None, "linux/arm/v7", "\"variant\":\"v7\""),
        ("v3", "x86_64", "amd64_v3", None, "linux/amd64/v3", "\"variant\":\"v3\""),
        ("v3_on_v1", "x86_64", "amd64_v3", "amd64_base", "linux/amd64/v3", "\"least_variant\":\"amd64/v3\""),
        ("v1_on_v1", "x86_64", None, "amd64_base", "linux/amd64", "{}"),
    ]:
        native.platform(
            name = "platform_" + target,
            constraint_values = [
                "@platforms//cpu:" + cpu,
                "@platforms//os:linux",
            ] + (["//rules/constraints:" + variant] if variant else []),
        )
        image(name = "image_" + target, base = base, platform = "platform_" + target, tags = ["manual"])
        _image_test(
            name = "image_%s_test" % target,
            platform = platform,
            settings = [settings],
            target_under_test = "image_" + target,
        )
        tests.append("image_%s_test" % target)
    native.platform(
        name = "platform_contradiction",
        constraint_values = ["//rules/constraints:amd64_v3", "@platforms//cpu:aarch64", "@platforms//os:linux"],
    )
    tests.append(refusal(
        image,
        "image_contradiction",
        ["the target platform is for the variant v3 of amd64, but its CPU is arm64", "Remove the constraint_value"],
        platform = "platform_contradiction",
    ))
    return tests

def _forwarded_tests():
    """Declares the tests of images behind other rules, and returns their names."""
    tests = []
    _behind(name = "behind_arm64", image = "plain", tags = ["manual"])
    _forwarding(name = "forwarded_arm64", srcs = ["plain"], tags = ["manual"])
    native.filegroup(name = "forwarded_twice", srcs = ["forwarded_arm64"], tags = ["manual"])
    for target in ["behind_arm64", "forwarded_arm64", "forwarded_twice"]:
        image_archive(name = target + "_archive", image = target, tags = ["manual"])
        _forwarded_test(name = target + "_test", image = "behind_arm64", target_under_test = target + "_archive")
        tests.append(target + "_test")
    native.filegroup(name = "two_images", srcs = ["plain", "on_pair_arm64"], tags = ["manual"])
    return tests + [
        refusal(image_archive, "two_images_archive", ["does not have mandatory providers", "ImageInfo"], image = "two_images"),
    ]

def platform_tests(name):
    """Declares the tests of platforms.

    Args:
      name: Name of the test suite.
    """
    image_import(
        name = "imported",
        platforms = ["linux/amd64", "linux/arm/v7"],
        ref = "v1",
        src = "data/a.txt",
        tags = ["manual"],
    )
    _imported_test(name = "imported_test", target_under_test = "imported")
    image_index(name = "nested", images = ["pair", "plain", "imported"], tags = ["manual"])
    _nested_test(name = "nested_test", target_under_test = "nested")
    refused = [
        refusal(
            image_import,
            "imported_both",
            ["attributes platform and platforms: set only one of them"],
            platform = "linux/amd64",
            platforms = ["linux/amd64"],
            src = "data/a.txt",
        ),
        refusal(
            image_import,
            "imported_twice",
            ["attribute platforms: linux/amd64 is listed twice"],
            platforms = ["linux/amd64", "linux/amd64"],
            src = "data/a.txt",
        ),
    ]
    tests = _base_tests() + _variant_tests() + _forwarded_tests() + refused + ["imported_test", "nested_test"]
    unittest.suite(name + "_units", _suitable_test)
    native.test_suite(name = name, tests = tests + [name + "_units"])
