"""Layers that are only in a registry: which rules fetch their bytes, without building anything twice."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:defs.bzl", "image", "image_archive", "image_index", "image_layer", "image_load", "image_test")
load("//rules:locked.bzl", "locked_image")
load("//rules:providers.bzl", "ImageInfo", "IndexInfo", "LayerInfo")
load(":actions.bzl", "actions_of", "flags", "input_names", "only", "written_arguments")
load(":refusal.bzl", "refusal")

visibility("private")

def _registry_image_impl(ctx):
    document = ctx.file.document
    return [ImageInfo(
        config = document,
        manifest = document,
        descriptor = document,
        layers = (LayerInfo(blob = ctx.file.blob, descriptor = document),),
        blobs = depset(),
    )]

_registry_image = rule(
    implementation = _registry_image_impl,
    attrs = {
        "blob": attr.label(allow_single_file = True),
        "document": attr.label(allow_single_file = True),
    },
)

_FLAGS = ["--layer=", "--remote-layer="]

def _layer_flags(env, lines, path, bytes):
    """Checks the flags for the layers of an image or an index, and that its own layers are built once."""
    target = env.ctx.attr.image
    images = [target[ImageInfo]] if ImageInfo in target else target[IndexInfo].images
    base = "--remote-layer=" + path("rules/tests/data/a.txt")
    if bytes:
        base = "--layer=%s=%s" % (path("rules/tests/data/a.txt"), path("rules/tests/data/b=c.txt"))
    own = [
        "--layer=%s=%s" % (path(layer.descriptor.path), path(layer.blob.path))
        for info in images
        for layer in info.layers[1:]
    ]
    asserts.equals(env, 2 * len(images), len(own))
    expected = [base] + own
    found = [line for line in lines if [prefix for prefix in _FLAGS if line.startswith(prefix)]]
    asserts.equals(env, sorted(expected), sorted(found))

def _packed_impl(ctx):
    env = analysistest.begin(ctx)
    actions = actions_of(analysistest.target_actions(env), "MkLayout")
    asserts.equals(env, 2, len(actions), "an archive and a layout")
    for action in actions:
        _layer_flags(env, action.argv, lambda path: path, ctx.attr.bytes)

        # All inputs belong to the image itself: none is built in a second configuration.
        own = [file.path for file in ctx.attr.image[OutputGroupInfo].manifest.to_list()]
        read = [file.path for file in action.inputs.to_list()]
        read = [path for path in read if path.endswith(".manifest.json") or path.endswith(".index.json")]
        asserts.equals(env, sorted(own), sorted(read))
    return analysistest.end(env)

_packed_test = analysistest.make(_packed_impl, attrs = {
    "bytes": attr.bool(mandatory = True),
    "image": attr.label(mandatory = True),
})

def _program_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    place = "%runfiles%/" + ctx.workspace_name + "/"
    lines = written_arguments(env)
    _layer_flags(env, lines, lambda path: place + path, ctx.attr.bytes)
    blobs = [link for link in target[DefaultInfo].default_runfiles.symlinks.to_list() if link.path.endswith("b=c.txt")]
    asserts.equals(env, 1 if ctx.attr.bytes else 0, len(blobs), "runfiles that are the base's blob")
    return analysistest.end(env)

_program_test = analysistest.make(_program_impl, attrs = {
    "bytes": attr.bool(mandatory = True),
    "image": attr.label(mandatory = True),
})

def _locked_impl(ctx):
    env = analysistest.begin(ctx)
    action = only(env, "MkBase")
    asserts.equals(env, ["a.txt", "b=c.txt"], input_names(action))
    asserts.equals(env, ["sha256:" + _DIGITS], flags(action, "digest"))
    asserts.equals(env, ["linux/arm64"], flags(action, "platform"))
    asserts.equals(env, ["10.0.1"], flags(action, "os-version"))
    asserts.equals(env, ["a", "b"], flags(action, "os-feature"))
    asserts.equals(env, ["sse4"], flags(action, "feature"))
    asserts.equals(env, ["m.example.com/a", "docker.io/library/a"], flags(action, "source"))
    asserts.equals(env, 2, len(flags(action, "layer")), "descriptors of layers")

    # Users of the image get the documents that the action has checked, and no layer.
    image = ctx.attr.image[ImageInfo]
    made = [file.path for file in action.outputs.to_list()]
    for file in [image.config, image.manifest, image.descriptor] + [layer.descriptor for layer in image.layers]:
        asserts.true(env, file.path in made, file.path + " is not checked")
    asserts.equals(env, [None, None], [layer.blob for layer in image.layers])

    # One shape describes all layers. Older lock files have no shapes.
    asserts.equals(env, ctx.attr.shapes, [file.basename for file in image.shapes])
    shape = image.shapes[0] if image.shapes else None
    asserts.equals(env, [shape, shape], [layer.shape for layer in image.layers])
    return analysistest.end(env)

_locked_test = analysistest.make(_locked_impl, attrs = {
    "image": attr.label(mandatory = True),
    "shapes": attr.string_list(),
})

def _on_locked_impl(ctx):
    env = analysistest.begin(ctx)
    action = only(env, "MkConfig")
    asserts.equals(env, ["shape.json"], [flag.rpartition("/")[2] for flag in flags(action, "base-shape")])
    asserts.false(env, "--base-shapes-partial" in action.argv, "the shape describes all layers")
    return analysistest.end(env)

_on_locked_test = analysistest.make(_on_locked_impl)

def _over_locked_impl(ctx):
    env = analysistest.begin(ctx)
    action = only(env, "MkLayer")
    asserts.equals(env, ["shape.json"], [flag.rpartition("/")[2] for flag in flags(action, "over")])

    # The inputs include neither layers nor documents of the base.
    asserts.equals(env, ["a.txt", "shape.json"], input_names(action))
    return analysistest.end(env)

_over_locked_test = analysistest.make(_over_locked_impl)

_DIGITS = "1" * 64

def _locked_tests():
    """Declares the tests of locked images with and without a shape, and returns their names."""
    for locked, shape in {"locked": {"shape": "data/shape.json"}, "locked_before": {}}.items():
        locked_image(
            name = locked,
            blobs = ["data/b=c.txt"],
            documents = {
                "config": "data/a.txt",
                "cpu_features": ["sse4"],
                "digest": "sha256:" + _DIGITS,
                "layers": [_DIGITS, _DIGITS],
                "manifest": "data/b=c.txt",
                "media_type": "application/vnd.oci.image.manifest.v1+json",
                "os_features": ["a", "b"],
                "os_version": "10.0.1",
                "platform": "linux/arm64",
                "sources": ["m.example.com/a", "docker.io/library/a"],
            } | shape,
            tags = ["manual"],
        )
        _locked_test(
            name = locked + "_test",
            image = locked,
            shapes = ["shape.json"] if shape else [],
            target_under_test = locked + ".documents",
        )
    image(name = "on_locked", base = "locked", layers = ["on_registry_image_layer"], tags = ["manual"])
    _on_locked_test(name = "on_locked_test", target_under_test = "on_locked")
    image_layer(name = "over_locked", files = {"/a": "data/a.txt"}, over = "locked", tags = ["manual"])
    _over_locked_test(name = "over_locked_test", target_under_test = "over_locked")
    refused = refusal(
        image_layer,
        "over_locked_before",
        ["attribute over: the directories of", "are unknown", "bazel run @rules_strata//rules:lock -- update, unless"],
        files = {"/a": "data/a.txt"},
        over = "locked_before",
    )
    return ["locked_test", "locked_before_test", "on_locked_test", "over_locked_test", refused]

def base_tests(name):
    """Declares the tests of bases whose layers are in a registry.

    Args:
      name: Name of the test suite.
    """
    _registry_image(
        name = "registry_image",
        blob = select({
            "//rules:base_blobs_needed": "data/b=c.txt",
            "//conditions:default": None,
        }),
        document = "data/a.txt",
        tags = ["manual"],
    )
    image_layer(name = "on_registry_image_layer", files = {"/a": "data/a.txt"})
    image(
        name = "on_registry_image",
        base = "registry_image",
        layers = ["on_registry_image_layer", "data/a.txt"],
        tags = ["manual"],
    )
    image_index(
        name = "on_registry_image_index",
        images = ["on_registry_image"],
        platforms = ["@rules_go//go/toolchain:linux_arm64", "@rules_go//go/toolchain:linux_amd64"],
        tags = ["manual"],
    )
    tests = _locked_tests()
    for image_name in ["on_registry_image", "on_registry_image_index"]:
        for kind, rule, kwargs in [
            ("archive", image_archive, {}),
            ("archives", image_archive, {"images": {"localhost/a": image_name, "localhost/b": image_name}}),
            ("check", image_test, {"contents": {"/a": "a"}}),
            ("load", image_load, {"repo_tags": ["localhost/a"]}),
        ]:
            kwargs = kwargs if "images" in kwargs else kwargs | {"image": image_name}
            rule(name = image_name + "_" + kind, tags = ["manual"], **kwargs)
            tests.append("%s_%s_test" % (image_name, kind))
            (_packed_test if kind.startswith("archive") else _program_test)(
                name = tests[-1],
                bytes = kind != "load",
                image = image_name,
                target_under_test = image_name + "_" + kind,
            )
        tests.append(image_name + "_groups_test")
        _packed_test(name = tests[-1], bytes = False, image = image_name, target_under_test = image_name)
    native.test_suite(name = name, tests = tests)
