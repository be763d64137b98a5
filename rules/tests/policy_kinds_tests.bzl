"""image_policy with every kind of layer and image, and with rules that look into images."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("@bazel_skylib//rules:build_test.bzl", "build_test")
load(
    "//rules:defs.bzl",
    "image",
    "image_archive",
    "image_artifact",
    "image_diff_test",
    "image_import",
    "image_index",
    "image_layer",
    "image_policy",
    "image_report",
    "image_sbom",
    "image_soci",
    "image_squash",
    "image_test",
    "image_users",
)
load(":actions.bzl", "actions_of", "flags", "only", "written_arguments")
load(":locked_images.bzl", "locked_test_image")

visibility("private")

_POLICY = str(Label("//rules:policy"))

_SETTINGS = {
    _POLICY: str(Label("//rules/tests:policy_licenses")),
    str(Label("//rules:soci")): True,
}

_SUFFIX = ".listing.jsonl.zst"

def _listings_impl(ctx):
    env = analysistest.begin(ctx)
    if ctx.attr.mnemonic:
        paths = flags(only(env, ctx.attr.mnemonic), "listing")
    else:
        paths = [line for line in written_arguments(env) if line.startswith("--listing=")]
    names = {path.rpartition("/rules/tests/")[2].removesuffix(_SUFFIX): None for path in paths}
    asserts.equals(env, sorted(ctx.attr.listings), sorted(names))
    asserts.equals(env, [], actions_of(analysistest.target_actions(env), "MkListing") if not ctx.attr.own else [])
    groups = analysistest.target_under_test(env)[OutputGroupInfo]
    validations = {file.basename: None for file in groups._validation.to_list()}
    asserts.equals(env, sorted(ctx.attr.validations), sorted(validations))
    return analysistest.end(env)

# The listings that a rule reads are those that the policy needs, and it declares none itself.
_listings_test = analysistest.make(
    _listings_impl,
    attrs = {
        "listings": attr.string_list(),
        "mnemonic": attr.string(doc = "The action that reads the listings, or empty for the program of a test."),
        "own": attr.bool(doc = "Whether the target itself provides layers."),
        "validations": attr.string_list(doc = "The images that are checked."),
    },
    config_settings = _SETTINGS,
)

def _index_impl(ctx):
    env = analysistest.begin(ctx)
    actions = actions_of(analysistest.target_actions(env), "MkPolicy")
    asserts.equals(env, ctx.attr.targets, [flags(action, "target")[0].removeprefix("//rules/tests:") for action in actions])
    asserts.equals(env, ctx.attr.listings, [
        [path.rpartition("/rules/tests/")[2].removesuffix(_SUFFIX) for path in flags(action, "listing")][0]
        for action in actions
    ])
    return analysistest.end(env)

_index_test = analysistest.make(
    _index_impl,
    attrs = {
        "listings": attr.string_list(doc = "The first listing of each image."),
        "targets": attr.string_list(doc = "The images that the index checks itself."),
    },
    config_settings = _SETTINGS,
)

def _unchecked_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.equals(env, [], actions_of(analysistest.target_actions(env), "MkPolicy"))
    return analysistest.end(env)

_unchecked_test = analysistest.make(_unchecked_impl, config_settings = _SETTINGS)

_with_policy = transition(
    implementation = lambda _settings, attr: {_POLICY: str(attr.policy)},
    inputs = [],
    outputs = [_POLICY],
)

def _checked_impl(ctx):
    return [DefaultInfo(files = depset(transitive = [
        files
        for target in ctx.attr.targets
        for files in [target[DefaultInfo].files, target[OutputGroupInfo]._validation]
    ]))]

# Targets in a build with a policy, and the results of its checks.
_checked = rule(
    implementation = _checked_impl,
    attrs = {
        "policy": attr.label(),
        "targets": attr.label_list(cfg = _with_policy),
    },
)

def _consumers():
    """Declares rules that look into an image with every kind of layer, and returns their tests."""
    image_import(name = "kinds_import", src = "data/a.txt", tags = ["manual"])
    image(
        name = "kinds",
        base = "kinds_import",
        layers = [
            "etc_skeleton",
            "etc_users",
            "etc_certificates",
            "etc_ldconfig",
            "layered_2",
            "conda_full",
            "policy_layer",
            "data/b=c.txt",
        ],
        tags = ["manual"],
    )
    listings = ["etc_" + name for name in ["skeleton", "users", "certificates", "ldconfig"]] + \
               ["layered_2.facts/%d" % number for number in [1, 2]] + \
               ["conda_full.facts/%d" % number for number in range(1, 6)] + \
               ["policy_layer", "kinds.policy/1", "kinds_import.facts/1"]
    image(name = "kinds_other", base = "kinds_import", tags = ["manual"])
    image_index(
        name = "kinds_index",
        images = ["kinds"],
        platforms = ["@rules_go//go/toolchain:linux_amd64", "@rules_go//go/toolchain:linux_arm64"],
        tags = ["manual"],
    )
    image_squash(name = "kinds_squash", image = "kinds", tags = ["manual"])
    image_squash(name = "kinds_squash_above", above = "kinds_import", image = "kinds", tags = ["manual"])
    image_report(name = "kinds_report", before = "kinds_other", image = "kinds", tags = ["manual"])
    image_sbom(name = "kinds_sbom", image = "kinds", tags = ["manual"])
    image_sbom(name = "kinds_index_sbom", image = "kinds_index", tags = ["manual"])
    image_diff_test(name = "kinds_diff", after = "kinds", before = "kinds_other", tags = ["manual"])
    image_test(name = "kinds_test", exists = {"/a": ""}, image = "kinds", tags = ["manual"])

    # The base of the layer etc_ldconfig is an image, too.
    checked = ["etc_image.policy.txt", "kinds.policy.txt"]
    tests = []
    for target, mnemonic, names, validations in [
        ("kinds", "MkPolicy", listings, checked),
        ("kinds_other", "MkPolicy", ["kinds_import.facts/1"], ["kinds_other.policy.txt"]),
        ("kinds_squash", "MkPolicy", ["kinds_squash.policy/1"], checked + ["kinds_squash.policy.txt"]),
        (
            "kinds_squash_above",
            "MkPolicy",
            ["kinds_squash_above.policy/1", "kinds_import.facts/1"],
            checked + ["kinds_squash_above.policy.txt"],
        ),
        ("kinds_report", "MkReport", listings, checked + ["kinds_other.policy.txt"]),
        ("kinds_report", "MkSbom", listings, checked + ["kinds_other.policy.txt"]),
        ("kinds_sbom", "MkSbom", listings, checked),
        ("kinds_index_sbom", "MkSbom", listings, checked),
        ("kinds_diff", "MkDiff", listings, checked + ["kinds_other.policy.txt"]),
        ("kinds_test", "", listings, checked),
    ]:
        tests.append("%s_%s_listings_test" % (target, mnemonic.lower() or "program"))
        _listings_test(
            name = tests[-1],
            listings = names,
            mnemonic = mnemonic,
            own = mnemonic == "MkPolicy",
            target_under_test = target,
            validations = validations,
        )
    return tests

def _others():
    """Declares indexes of images that other rules check or do not check, and an artifact, and returns their tests."""
    image_archive(name = "kinds_archive", image = "policy_image", tags = ["manual"])
    image_import(name = "kinds_archived", src = "kinds_archive.tar", tags = ["manual"])
    image_import(name = "kinds_imported", platforms = ["linux/amd64", "linux/arm64"], src = "data/a.txt", tags = ["manual"])
    image_soci(name = "kinds_soci", image = "policy_image", tags = ["manual"])
    image_soci(name = "kinds_import_soci", image = "kinds_import", tags = ["manual"])
    native.filegroup(name = "kinds_forwarded", srcs = ["policy_image"], tags = ["manual"])
    native.filegroup(name = "kinds_import_forwarded", srcs = ["kinds_import"], tags = ["manual"])
    tests = []
    for target, names, listings in [
        ("kinds_archived", ["kinds_archived"], ["kinds_archived.facts/1"]),
        ("kinds_forwarded", [], []),
        ("kinds_import_forwarded", ["kinds_import"], ["kinds_import_forwarded_index.policy/0/1"]),
        ("kinds_import_soci", ["kinds_import_soci"], ["kinds_import_soci_index.policy/0/1"]),
        ("kinds_imported", 2 * ["kinds_imported"], ["kinds_imported.facts/1", "kinds_imported.facts/2"]),
        ("kinds_soci", [], []),
        ("kinds_squash", [], []),
    ]:
        image_index(name = target + "_index", images = [target], tags = ["manual"])
        tests.append(target + "_index_test")
        _index_test(name = tests[-1], listings = listings, target_under_test = target + "_index", targets = names)
    image_artifact(name = "kinds_artifact", artifact_type = "a/b", files = {"data/a.txt": ""}, tags = ["manual"])
    _unchecked_test(name = "kinds_artifact_test", target_under_test = "kinds_artifact")

    # image_squash has a second view of its image, with the bytes of locked layers, which is not checked.
    locked_test_image(name = "kinds_locked")
    image(name = "kinds_on_locked", base = "kinds_locked", layers = ["policy_layer"], tags = ["manual"])
    image_squash(name = "kinds_squash_locked", image = "kinds_on_locked", tags = ["manual"])
    _listings_test(
        name = "kinds_on_locked_test",
        listings = ["policy_layer"],
        mnemonic = "MkPolicy",
        own = True,
        target_under_test = "kinds_on_locked",
        validations = ["kinds_on_locked.policy.txt"],
    )
    _listings_test(
        name = "kinds_squash_locked_test",
        listings = ["kinds_squash_locked.policy/1"],
        mnemonic = "MkPolicy",
        own = True,
        target_under_test = "kinds_squash_locked",
        validations = ["kinds_on_locked.policy.txt", "kinds_squash_locked.policy.txt"],
    )
    return tests + ["kinds_artifact_test", "kinds_on_locked_test", "kinds_squash_locked_test"]

def _real():
    """Declares images that are built and checked, and returns the test."""
    image_archive(name = "kinds_real_archive", image = "facts_real", tags = ["manual"])
    image_import(name = "kinds_real_import", src = "kinds_real_archive.tar", tags = ["manual"])
    image_users(name = "kinds_users", tags = ["manual"], users = ["app:x:1000:1000::/home/app:/bin/false"])
    image_layer(
        name = "kinds_module",
        files = {"/app/node_modules/module/": "data/module/package.json"},
        strip_prefix = "data/module",
        tags = ["manual"],
    )
    image(
        name = "kinds_real",
        base = "kinds_real_import",
        layers = ["etc_skeleton", "kinds_users", "layered_2", "kinds_module"],
        tags = ["manual"],
    )
    image_squash(name = "kinds_real_squash", above = "kinds_real_import", image = "kinds_real", tags = ["manual"])
    image_index(name = "kinds_real_index", images = ["kinds_real_import"], tags = ["manual"])
    image_report(name = "kinds_real_report", before = "kinds_real_squash", image = "kinds_real", tags = ["manual"])
    image_sbom(name = "kinds_real_sbom", image = "kinds_real", tags = ["manual"])
    image_policy(
        name = "kinds_policy",
        absent = ["**/sh"],
        allowed_licenses = ["MIT"],
        exists = ["/a"],
        forbid = ["package_caches", "secrets", "setuid", "world_writable"],
    )
    _checked(
        name = "kinds_real_checked",
        policy = "kinds_policy",
        tags = ["manual"],
        targets = ["kinds_real", "kinds_real_squash", "kinds_real_index", "kinds_real_report", "kinds_real_sbom"],
    )
    build_test(name = "kinds_real_test", targets = ["kinds_real_checked"])
    return ["kinds_real_test"]

def policy_kinds_tests(name):
    """Declares the tests of image_policy with every kind of layer and image.

    Args:
      name: Name of the test suite.
    """
    native.test_suite(name = name, tests = _consumers() + _others() + _real())
