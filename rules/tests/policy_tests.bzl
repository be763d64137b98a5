"""image_policy: validation actions of images, with documents or listings as inputs, and nothing without a policy."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:defs.bzl", "image", "image_import", "image_index", "image_layer", "image_policy", "image_squash")
load(":actions.bzl", "actions_of", "flags", "input_names", "only")
load(":refusal.bzl", "refusal")

visibility("private")

_POLICY = str(Label("//rules:policy"))

def _checked_impl(ctx):
    env = analysistest.begin(ctx)
    action = only(env, "MkPolicy")
    target = analysistest.target_under_test(env)

    # Bazel adds the validations of the images below. None of them is in another configuration.
    validations = {file: None for file in target[OutputGroupInfo]._validation.to_list()}
    asserts.true(env, action.outputs.to_list()[0] in validations)
    asserts.equals(env, ctx.attr.validations, [file.basename for file in validations])
    asserts.equals(env, sorted(ctx.attr.inputs), input_names(action))
    asserts.equals(env, ctx.attr.listings, flags(action, "listing"))
    asserts.equals(env, ctx.attr.packages, flags(action, "packages"))
    return analysistest.end(env)

_ATTRS = {
    "inputs": attr.string_list(),
    "listings": attr.string_list(),
    "packages": attr.string_list(),
    "validations": attr.string_list(),
}

_documents_test = analysistest.make(_checked_impl, attrs = _ATTRS, config_settings = {
    _POLICY: str(Label("//rules/tests:policy_documents")),
})

_files_test = analysistest.make(_checked_impl, attrs = _ATTRS, config_settings = {
    _POLICY: str(Label("//rules/tests:policy_files")),
})

_licenses_test = analysistest.make(_checked_impl, attrs = _ATTRS, config_settings = {
    _POLICY: str(Label("//rules/tests:policy_licenses")),
})

def _index_impl(ctx):
    env = analysistest.begin(ctx)
    actions = actions_of(analysistest.target_actions(env), "MkPolicy")
    asserts.equals(env, ctx.attr.targets, [flags(action, "target")[0] for action in actions])
    groups = analysistest.target_under_test(env)[OutputGroupInfo]
    validations = {file: None for file in groups._validation.to_list()}
    for action in actions:
        asserts.true(env, action.outputs.to_list()[0] in validations)
        asserts.equals(env, 1, len(flags(action, "packages")))
    return analysistest.end(env)

# An index checks the images that no other rule checks.
_index_test = analysistest.make(_index_impl, attrs = {"targets": attr.string_list()}, config_settings = {
    _POLICY: str(Label("//rules/tests:policy_licenses")),
})

def _none_impl(ctx):
    env = analysistest.begin(ctx)
    actions = analysistest.target_actions(env)
    asserts.equals(env, [], actions_of(actions, "MkPolicy") + actions_of(actions, "MkListing"))
    asserts.false(env, hasattr(analysistest.target_under_test(env)[OutputGroupInfo], "_validation"))
    return analysistest.end(env)

_none_test = analysistest.make(_none_impl)

def policy_tests(name):
    """Declares the tests of image_policy.

    Args:
      name: Name of the test suite.
    """
    image_policy(name = "policy_documents", forbid = ["root_user"], labels = {"a": ""})
    image_policy(name = "policy_files", allow = {"setuid": ["/a"]}, forbid = ["setuid"])
    image_policy(name = "policy_licenses", allowed_licenses = ["MIT"])
    image_layer(name = "policy_layer", files = {"/a": "data/a.txt"}, tags = ["manual"])
    image(name = "policy_image", layers = ["policy_layer", "data/b=c.txt"], tags = ["manual"])
    image(name = "policy_upper", base = "policy_image", layers = ["policy_layer"], tags = ["manual"])
    image_squash(name = "policy_squash", image = "policy_image", tags = ["manual"])
    documents = ["policy_image.config.json", "policy_image.manifest.json", "policy_layer.layer.json", "b=c.txt.layer.json"]
    listings = ["BIN/rules/tests/policy_layer.listing.jsonl.zst", "BIN/rules/tests/policy_image.policy/1.listing.jsonl.zst"]
    _none_test(name = "policy_none_test", target_under_test = "policy_image")
    _documents_test(
        name = "policy_documents_test",
        inputs = documents + ["policy_documents.json"],
        target_under_test = "policy_image",
        validations = ["policy_image.policy.txt"],
    )
    _files_test(
        name = "policy_files_test",
        inputs = documents + ["policy_files.json", "policy_layer.listing.jsonl.zst", "1.listing.jsonl.zst"],
        listings = listings,
        target_under_test = "policy_image",
        validations = ["policy_image.policy.txt"],
    )
    packages = [listing.replace(".listing.jsonl.zst", ".packages.json") for listing in listings]
    _licenses_test(
        name = "policy_licenses_test",
        inputs = documents + ["policy_licenses.json", "policy_layer.listing.jsonl.zst", "1.listing.jsonl.zst"] +
                 ["policy_layer.packages.json", "1.packages.json"],
        listings = listings,
        packages = packages,
        target_under_test = "policy_image",
        validations = ["policy_image.policy.txt"],
    )

    # The listings of the base are those of the base's own check.
    _files_test(
        name = "policy_upper_test",
        inputs = ["policy_upper.config.json", "policy_upper.manifest.json", "policy_files.json"] + documents[2:] +
                 ["policy_layer.listing.jsonl.zst", "1.listing.jsonl.zst"],
        listings = listings,
        target_under_test = "policy_upper",
        validations = ["policy_upper.policy.txt", "policy_image.policy.txt"],
    )
    _files_test(
        name = "policy_squash_test",
        inputs = [
            "policy_squash.config.json",
            "policy_squash.manifest.json",
            "policy_squash.layer.json",
            "policy_files.json",
            "1.listing.jsonl.zst",
        ],
        listings = ["BIN/rules/tests/policy_squash.policy/1.listing.jsonl.zst"],
        target_under_test = "policy_squash",
        validations = ["policy_squash.policy.txt", "policy_image.policy.txt"],
    )
    image_import(name = "policy_import", src = "data/a.txt", tags = ["manual"])
    image_import(name = "policy_other_import", src = "data/a.txt", tags = ["manual"])
    for name_of, images, targets in [
        ("mixed", ["policy_import", "policy_image", "policy_other_import"], ["policy_import", "policy_other_import"]),
        ("nested", ["policy_mixed_index"], []),
        ("built", ["policy_image"], []),
    ]:
        image_index(name = "policy_%s_index" % name_of, images = images, tags = ["manual"])
        _index_test(
            name = "policy_%s_index_test" % name_of,
            targets = ["//rules/tests:" + target for target in targets],
            target_under_test = "policy_%s_index" % name_of,
        )
    native.test_suite(name = name, tests = [
        "policy_mixed_index_test",
        "policy_nested_index_test",
        "policy_built_index_test",
        "policy_documents_test",
        "policy_files_test",
        "policy_licenses_test",
        "policy_none_test",
        "policy_squash_test",
        "policy_upper_test",
        refusal(
            image_policy,
            name = "policy_refused",
            message = ["attribute forbid: unknown \"root\"; known are no_healthcheck, package_caches, "],
            forbid = ["root"],
        ),
    ])
