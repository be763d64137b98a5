"""Facts about layers: one listing per layer, shared by all who want it, and none when nobody does."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:defs.bzl", "image", "image_import", "image_index", "image_layer", "image_squash", "image_test")
load("//rules:providers.bzl", "ImageInfo", "IndexInfo")
load("//rules/private:base_blobs.bzl", "with_base_blobs")
load("//rules/private:facts.bzl", "LayerFactsInfo", "image_facts_with_blobs", "layer_facts")
load("//rules/private:forwarded.bzl", "forwarded_image")
load(":actions.bzl", "MnemonicsInfo", "actions_of", "collect_actions", "short", "written_arguments")
load(":locked_images.bzl", "locked_test_image")
load(":refusal.bzl", "refusal")

visibility("private")

def _consumer_impl(ctx):
    images = image_facts_with_blobs(ctx)
    return [DefaultInfo(files = depset([
        facts.listing
        for image in images
        for facts in image.layers + image.bases
        if facts.listing
    ]))]

# A rule that looks into an image.
_consumer = rule(
    implementation = _consumer_impl,
    attrs = {
        "image": attr.label(aspects = [forwarded_image, layer_facts], cfg = with_base_blobs, providers = [[ImageInfo], [IndexInfo]]),
    },
)

def _listings_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    asserts.equals(
        env,
        ["BIN/rules/tests/" + path for path in ctx.attr.paths],
        [short(file.path) for file in target[DefaultInfo].files.to_list()],
    )

    # Another consumer needs the same files, so the actions are shared.
    if ctx.attr.other:
        asserts.equals(env, ctx.attr.other[DefaultInfo].files.to_list(), target[DefaultInfo].files.to_list())
    return analysistest.end(env)

_listings_test = analysistest.make(_listings_impl, attrs = {
    "other": attr.label(),
    "paths": attr.string_list(),
})

def _known_impl(ctx):
    env = analysistest.begin(ctx)
    facts = ctx.attr.image[LayerFactsInfo].layers
    layers = ctx.attr.image[ImageInfo].layers
    asserts.equals(env, [(layer.descriptor, layer.blob) for layer in layers], [(layer.descriptor, layer.blob) for layer in facts])
    asserts.equals(env, ctx.attr.known, [layer.listing.basename if layer.listing else "" for layer in facts])
    asserts.equals(env, [bool(name) for name in ctx.attr.known], [layer.blob_known for layer in facts])
    return analysistest.end(env)

# The facts have the order of the layers. Layers without bytes have no listing.
_known_test = analysistest.make(_known_impl, attrs = {
    "image": attr.label(aspects = [layer_facts]),
    "known": attr.string_list(),
})

def _unused_impl(ctx):
    env = analysistest.begin(ctx)
    actions = ctx.attr.image[MnemonicsInfo].actions.to_list()
    asserts.true(env, actions_of(actions, "MkLayer") != [], "the layers have actions")
    asserts.equals(env, [], actions_of(actions, "MkListing"))
    return analysistest.end(env)

# An image that nothing looks into.
_unused_test = analysistest.make(_unused_impl, attrs = {"image": attr.label(aspects = [collect_actions])})

def _inputs_impl(ctx):
    env = analysistest.begin(ctx)
    names = [line[2:].partition("=")[0] for line in written_arguments(env)]
    asserts.equals(
        env,
        ctx.attr.flags,
        {flag: str(len([name for name in names if name == flag])) for flag in ["checked", "layer", "listing"]},
    )
    runfiles = analysistest.target_under_test(env)[DefaultInfo].default_runfiles
    blobs = [link.path for link in runfiles.symlinks.to_list() if link.path.endswith(".tar.gz") or link.path.endswith(".blobs")]
    asserts.equals(env, ctx.attr.flags["layer"] != "0", blobs != [], "runfiles %s" % blobs)
    return analysistest.end(env)

# The inputs of image_test: blobs only for assertions on contents and for commands.
_inputs_test = analysistest.make(_inputs_impl, attrs = {"flags": attr.string_dict()})

def _imported_impl(ctx):
    env = analysistest.begin(ctx)
    links = analysistest.target_under_test(env)[DefaultInfo].default_runfiles.symlinks.to_list()
    names = [link.target_file.basename for link in links]
    asserts.true(env, "facts_imported.blobs" in names and "a.txt" in names, "runfiles %s" % names)
    return analysistest.end(env)

# The test of an imported index has the images that the target does not name, and the file that they are in.
_imported_test = analysistest.make(_imported_impl)

def _engine_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    asserts.true(env, "local" in target[testing.ExecutionInfo].requirements)
    asserts.true(env, "DOCKER_HOST" in target[RunEnvironmentInfo].inherited_environment)
    asserts.equals(env, ["--engine=docker"], [arg for arg in written_arguments(env) if arg.startswith("--engine=")])
    return analysistest.end(env)

# A test with an engine runs where the engine is.
_engine_test = analysistest.make(_engine_impl)

def _image_test_tests():
    image_test(name = "facts_engine", configs = ["data/shape.json"], engine = "docker", image = "facts_image", tags = ["manual"])
    _engine_test(name = "facts_engine_test", target_under_test = "facts_engine")
    image_import(name = "facts_imported", platforms = ["linux/amd64"], src = "data/a.txt", tags = ["manual"])
    image_test(name = "facts_test_imported", image = "facts_imported", tags = ["manual"])
    _imported_test(name = "facts_test_imported_test", target_under_test = "facts_test_imported")
    tests = [
        "facts_engine_test",
        "facts_test_imported_test",
        refusal(
            image_test,
            "facts_idle_engine",
            ["attribute engine: an engine runs the commands of configs, and there are none"],
            engine = "docker",
            image = "facts_image",
        ),
    ]
    for kind, (attributes, layers, listings) in {
        "commands": ({"configs": ["data/shape.json"]}, 2, 0),
        "contents": ({"contents": {"/a": "x"}, "max_wasted": "1MB"}, 2, 0),
        "documents": ({"config": {"user": "x"}, "max_size": "1MB"}, 0, 0),
        "paths": ({"exists": {"/a": ""}}, 0, 3),
        "waste": ({"max_wasted": "1MB"}, 0, 3),
    }.items():
        image_test(name = "facts_test_" + kind, image = "facts_image", tags = ["manual"], **attributes)
        _inputs_test(
            name = "facts_test_%s_test" % kind,
            flags = {"checked": "3", "layer": str(layers), "listing": str(listings)},
            target_under_test = "facts_test_" + kind,
        )
        tests.append("facts_test_%s_test" % kind)

    # The tools agree.
    image_layer(name = "facts_upper", files = {"/a": "data/shape.json"}, tags = ["manual"])
    image(name = "facts_real", layers = ["facts_a", "facts_upper"], tags = ["manual"])
    image_test(
        name = "facts_valid",
        absent = ["/b"],
        config = {"os": "linux"},
        exists = {"/a": "file 0644 0:0"},
        image = "facts_real",
        max_wasted = "1kB",
    )
    return tests + ["facts_valid"]

def facts_tests(name):
    """Declares the tests of layer_facts.

    Args:
      name: Name of the test suite.
    """
    image_layer(name = "facts_a", files = {"/a": "data/a.txt"}, tags = ["manual"])
    image_import(name = "facts_base", src = "data/a.txt", tags = ["manual"])
    image(name = "facts_lower", base = "facts_base", layers = ["facts_a"], tags = ["manual"])
    image(name = "facts_image", base = "facts_lower", layers = ["facts_a", "data/b=c.txt"], tags = ["manual"])
    image_squash(name = "facts_squash", above = "facts_base", image = "facts_image", tags = ["manual"])
    image_index(
        name = "facts_index",
        images = ["facts_image"],
        platforms = ["@rules_go//go/toolchain:linux_amd64", "@rules_go//go/toolchain:linux_arm64"],
        tags = ["manual"],
    )
    native.filegroup(name = "facts_forwarded", srcs = ["facts_image"], tags = ["manual"])
    locked_test_image(name = "facts_locked", layers = ["a.txt", "missing"])
    image(name = "facts_on_locked", base = "facts_locked", layers = ["facts_a"], tags = ["manual"])
    _known_test(
        name = "facts_known_test",
        image = "facts_on_locked",
        known = ["", "", "facts_a.listing.jsonl.zst"],
        target_under_test = "facts_on_locked",
    )
    stacked = ["facts_a.listing.jsonl.zst", "facts_image.facts/1.listing.jsonl.zst", "facts_base.facts/1.listing.jsonl.zst"]
    tests = []
    for image_name, paths in {
        "facts_forwarded": stacked,
        "facts_image": stacked,
        "facts_index": stacked + stacked,
        "facts_on_locked": ["facts_locked.facts/1.listing.jsonl.zst", "facts_a.listing.jsonl.zst"],
        "facts_squash": ["facts_squash.facts/1.listing.jsonl.zst", "facts_base.facts/1.listing.jsonl.zst"],
    }.items():
        for consumer in ["one", "two"]:
            _consumer(name = "%s_%s" % (image_name, consumer), image = image_name, tags = ["manual"])
        _listings_test(
            name = image_name + "_listings_test",
            other = image_name + "_two",
            paths = paths,
            target_under_test = image_name + "_one",
        )
        tests.append(image_name + "_listings_test")
    _unused_test(name = "facts_unused_test", image = "facts_index", target_under_test = "facts_index")
    native.test_suite(name = name, tests = tests + _image_test_tests() + ["facts_known_test", "facts_unused_test"])
