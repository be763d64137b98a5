"""Origins, reports and differences: no layer is an input."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:defs.bzl", "image", "image_diff_test", "image_import", "image_index", "image_layer", "image_report", "image_squash", "image_users")
load("//rules/private:origins.bzl", "LayerOriginsInfo", "layer_origins")
load(":actions.bzl", "flags", "input_names", "only", "written_arguments")
load(":refusal.bzl", "refusal")

visibility("private")

# Suffixes of the files with the origins of a layer.
_LAYER = [".layer.json.origins", ".layer.json.origins.args"]

def _names(files):
    return [file.basename for file in files]

def _origins_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    groups = target[OutputGroupInfo]
    asserts.equals(env, ctx.attr.archives, _names(groups.strata_archives.to_list()))
    asserts.equals(env, ctx.attr.origins, _names(groups.strata_origins.to_list()))
    merged = {layer.key.basename: _names(layer.files) for layer in target[LayerOriginsInfo].layers.to_list()}
    for key, files in ctx.attr.layers.items():
        asserts.equals(env, files, merged.get(key))
    return analysistest.end(env)

_origins_test = analysistest.make(
    _origins_impl,
    attrs = {
        "archives": attr.string_list(),
        "layers": attr.string_list_dict(),
        "origins": attr.string_list(),
    },
    extra_target_under_test_aspects = [layer_origins],
)

def _blobs(names):
    return [name for name in names if name.endswith(".tar.gz") or name.endswith(".layer") or name.endswith(".blobs")]

def _diff_impl(ctx):
    env = analysistest.begin(ctx)
    action = only(env, "MkDiff")
    names = input_names(action)
    asserts.equals(env, [], _blobs(names))
    asserts.equals(env, ctx.attr.listings, sorted([name.rpartition("/")[2] for name in flags(action, "listing")]))
    asserts.equals(env, ["layers", "mtime"], flags(action, "ignore"))
    for side, name in {"after": "origins_squash", "before": "origins_image"}.items():
        asserts.equals(env, ["BIN/rules/tests/%s.manifest.json" % name], flags(action, side + "-manifest"))
        asserts.equals(env, ["BIN/rules/tests/%s.config.json" % name], flags(action, side + "-config"))
    arguments = [arg for arg in written_arguments(env) if arg.startswith("--differences=")]
    asserts.equals(env, 1, len(arguments))
    return analysistest.end(env)

_diff_test = analysistest.make(_diff_impl, attrs = {"listings": attr.string_list()})

def _report_impl(ctx):
    env = analysistest.begin(ctx)
    action = only(env, "MkReport")
    names = input_names(action)
    for name in ctx.attr.inputs:
        asserts.true(env, name in names, "%s is not among %s" % (name, names))
    asserts.equals(env, [], _blobs(names))
    asserts.equals(env, ctx.attr.origins, [name.rpartition("/")[2] for name in flags(action, "origins")])
    asserts.equals(env, ctx.attr.bases, flags(action, "base"))
    table = only(env, "MkSbom")
    asserts.equals(env, ["table"], flags(table, "format"))
    asserts.equals(env, flags(table, "output"), flags(action, "packages"))
    asserts.equals(env, [], _blobs(input_names(table)))
    return analysistest.end(env)

_report_test = analysistest.make(_report_impl, attrs = {
    "bases": attr.string_list(),
    "inputs": attr.string_list(),
    "origins": attr.string_list(),
})

def origins_tests(name):
    """Declares the tests.

    Args:
      name: Name of the test suite.
    """
    image_users(name = "origins_users", users = ["a:x:5"], tags = ["manual"])
    image_layer(
        name = "origins_layer",
        debs = ["data/six.conda"],
        files = {"/a": "data/a.txt"},
        tags = ["manual"],
    )
    image(name = "origins_base", layers = ["origins_layer"], tags = ["manual"])
    image(name = "origins_image", base = "origins_base", layers = ["origins_users", "data/b=c.txt"], tags = ["manual"])
    image_squash(name = "origins_squash", above = "origins_base", image = "origins_image", tags = ["manual"])
    native.filegroup(name = "origins_group", srcs = ["origins_image"], tags = ["manual"])
    image_report(name = "origins_report", image = "origins_squash", tags = ["manual"])
    image_report(name = "origins_image_report", image = "origins_image", tags = ["manual"])

    layer = ["origins_layer.layer.json.origins", "origins_layer.layer.json.origins.args"]
    users = ["origins_users.layer.json.origins", "origins_users.layer.json.origins.args"]
    tar = ["b=c.txt.layer.json.origins", "b=c.txt.layer.json.origins.args"]
    archives = ["six.conda", "origins_users.files.tar", "b=c.txt"]
    for target in ["image", "group"]:
        _origins_test(
            name = "origins_%s_test" % target,
            archives = archives,
            origins = ["origins_%s.origins" % target] + layer + users + tar,
            target_under_test = "origins_" + target,
        )
    _origins_test(
        name = "origins_squash_test",
        archives = archives,
        layers = {"origins_squash.layer.json": ["origins_squash.layer.json.origins", users[0], tar[0]]},
        origins = ["origins_squash.origins"] + layer + ["origins_squash.layer.json.origins", users[0], tar[0], users[1], tar[1]],
        target_under_test = "origins_squash",
    )
    _origins_test(
        name = "origins_conda_test",
        archives = ["lib.conda", "python.conda", "np.conda", "six.conda"],
        origins = ["conda_full.origins"] + [
            "conda_%s%s" % (part, suffix)
            for part, suffixes in {
                "full.packages-0": _LAYER,
                "python_package": _LAYER,
                "np": _LAYER + [".python.json"],
                "full.noarch-0": _LAYER + [".python.json"],
                "full.environment": _LAYER,
            }.items()
            for suffix in suffixes
        ],
        target_under_test = "conda_full",
    )
    _report_test(
        name = "origins_report_test",
        inputs = ["origins_squash.manifest.json", "origins_squash.config.json", "origins_squash.layer.json", "six.conda", users[1]],
        origins = [layer[0], "origins_squash.layer.json.origins", users[0], tar[0]],
        target_under_test = "origins_report",
    )
    _report_test(
        name = "origins_image_report_test",
        bases = [str(Label(":origins_base"))],
        inputs = ["origins_base.manifest.json", "origins_base.config.json"],
        origins = [layer[0], users[0], tar[0]],
        target_under_test = "origins_image_report",
    )
    image_diff_test(
        name = "origins_same_test",
        after = "origins_squash",
        before = "origins_image",
        ignore = ["layers", "mtime"],
        tags = ["manual"],
    )
    _diff_test(
        name = "origins_diff_test",
        listings = ["1.listing.jsonl.zst"] * 2 + ["origins_layer.listing.jsonl.zst", "origins_users.listing.jsonl.zst"],
        target_under_test = "origins_same_test",
    )
    refused = refusal(
        image_diff_test,
        "origins_unknown_test",
        ["attribute ignore: unknown difference \"time\"", "mode, mtime, owner"],
        after = "origins_squash",
        before = "origins_image",
        ignore = ["time"],
    )
    image_index(name = "origins_index", images = ["origins_base", "origins_image"], tags = ["manual"])
    index_refused = refusal(
        image_report,
        "origins_index_report",
        [
            "attribute image: //rules/tests:origins_index is an index. Declare an image_report for each of its images: " +
            "//rules/tests:origins_base, //rules/tests:origins_image",
            "An image for several platforms is the one for --platforms.",
        ],
        image = "origins_index",
    )
    image_import(name = "origins_import", platforms = ["linux/amd64"], src = "data/a.txt", tags = ["manual"])
    import_refused = refusal(
        image_report,
        "origins_import_report",
        ["//rules/tests:origins_import is an index whose images have no targets", "set platform instead of platforms"],
        image = "origins_import",
    )
    native.test_suite(
        name = name,
        tests = [
            "origins_%s_test" % test
            for test in ["conda", "diff", "group", "image", "image_report", "report", "squash"]
        ] + [import_refused, index_refused, refused],
    )
