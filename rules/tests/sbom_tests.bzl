"""image_sbom: it reads documents, listings and metadata, no blobs, and it knows the packages that the build graph states."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:defs.bzl", "image", "image_import", "image_index", "image_layer", "image_sbom", "image_test")
load("//rules:providers.bzl", "ArtifactInfo")
load(":actions.bzl", "flags", "input_names", "only")
load(":locked_images.bzl", "locked_test_image")

visibility("private")

# Rules with the attributes of those that state metadata in other projects.
_package_metadata = rule(
    implementation = lambda _ctx: [],
    attrs = {"attributes": attr.label_list(), "purl": attr.string()},
)

_package_info = rule(
    implementation = lambda _ctx: [],
    attrs = {"package_name": attr.string(), "package_version": attr.string()},
)

_license = rule(
    implementation = lambda _ctx: [],
    attrs = {"kind": attr.label(), "license_kinds": attr.label_list(cfg = "exec")},
)

def _inputs_impl(ctx):
    env = analysistest.begin(ctx)
    action = only(env, "MkSbom")
    asserts.equals(env, sorted(ctx.attr.inputs), sorted(input_names(action)))
    asserts.equals(env, ctx.attr.layers, flags(action, "layer"))
    asserts.equals(env, ctx.attr.bases, flags(action, "base"))
    return analysistest.end(env)

# No blob is an input, and targets are named.
_inputs_test = analysistest.make(_inputs_impl, attrs = {
    "bases": attr.string_list(),
    "inputs": attr.string_list(),
    "layers": attr.string_list(),
})

def _declared_impl(ctx):
    env = analysistest.begin(ctx)
    declared = [json.decode(value) for value in flags(only(env, "MkSbom"), "declared")]
    asserts.equals(env, ctx.attr.packages, sorted([
        "%s %s %s %s" % (each["layer"], each["purl"], ",".join(each["license_names"]), each["label"])
        for each in declared
        if each["layer"].startswith("//")
    ]))
    return analysistest.end(env)

_declared_test = analysistest.make(_declared_impl, attrs = {"packages": attr.string_list()})

def _artifact_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    asserts.equals(env, [ctx.attr.document], [file.basename for file in target[DefaultInfo].files.to_list()])
    asserts.equals(env, [ctx.attr.document], [file.blob.basename for file in target[ArtifactInfo].files])
    manifest = only(env, "MkManifest")
    asserts.equals(env, [ctx.attr.media_type], flags(manifest, "artifact-type"))
    asserts.equals(env, ["BIN/rules/tests/sbom_image.descriptor.json"], flags(manifest, "subject"))
    asserts.equals(env, ctx.attr.created, flags(only(env, "MkSbom"), "created"))
    return analysistest.end(env)

# The target is a referrer of the image.
_artifact_test = analysistest.make(_artifact_impl, attrs = {
    "created": attr.string_list(),
    "document": attr.string(),
    "media_type": attr.string(),
})

def _images():
    """Declares images: on an imported base, on a locked one, and with packages that the build graph states."""
    image_layer(name = "sbom_a", files = {"/a": "data/a.txt"}, tags = ["manual"])
    image_import(name = "sbom_base", src = "data/a.txt", tags = ["manual"])
    image(name = "sbom_image", base = "sbom_base", layers = ["sbom_a"], tags = ["manual"])
    locked_test_image(name = "sbom_locked")
    image(name = "sbom_on_locked", base = "sbom_locked", tags = ["manual"])

    _license(name = "MIT", tags = ["manual"])
    _license(name = "sbom_mit", kind = "MIT", tags = ["manual"])
    _license(name = "sbom_kinds", license_kinds = ["MIT"], tags = ["manual"])
    _package_metadata(name = "sbom_purl", attributes = ["sbom_mit"], purl = "pkg:golang/a@v1", tags = ["manual"])
    _package_metadata(name = "sbom_tool_purl", purl = "pkg:golang/tool@v1", tags = ["manual"])
    _package_info(name = "sbom_info", package_name = "x/y", package_version = "2", tags = ["manual"])
    native.filegroup(name = "sbom_tool", srcs = ["data/a.txt"], applicable_licenses = ["sbom_tool_purl"], tags = ["manual"])
    native.filegroup(name = "sbom_lib", srcs = ["data/a.txt"], applicable_licenses = ["sbom_purl", "sbom_info"], tags = ["manual"])
    native.filegroup(name = "sbom_named", srcs = ["data/shape.json"], applicable_licenses = ["sbom_info", "sbom_kinds"], tags = ["manual"])
    native.filegroup(name = "sbom_jar", srcs = ["data/shape.json"], tags = ["manual", "maven_coordinates=org.a:b:1.0"])
    native.genrule(
        name = "sbom_generated",
        srcs = ["sbom_lib"],
        outs = ["sbom_generated.txt"],
        cmd = "touch $@",
        tags = ["manual"],
        tools = ["sbom_tool"],
    )
    image_layer(
        name = "sbom_stated",
        files = {"/a": "sbom_generated", "/b": "sbom_named", "/c": "sbom_jar"},
        tags = ["manual"],
    )
    image(name = "sbom_packages", layers = ["sbom_stated", "sbom_a"], tags = ["manual"])
    image_index(name = "sbom_index", images = ["sbom_packages"], tags = ["manual"])

def _real_tests():
    """Declares documents that are built, and tests of them."""
    image_layer(
        name = "sbom_module",
        files = {"/app/node_modules/module/": "data/module/package.json"},
        strip_prefix = "data/module",
        tags = ["manual"],
    )
    image(name = "sbom_real", layers = ["sbom_module"], tags = ["manual"])
    image_sbom(name = "sbom_real_document", image = "sbom_real", tags = ["manual"])
    image_test(name = "sbom_real_test", image = "sbom_real_document")
    return ["sbom_real_test"]

def sbom_tests(name):
    """Declares the tests of image_sbom.

    Args:
      name: Name of the test suite.
    """
    _images()
    here = "BIN/rules/tests/"
    tests = []
    for image_name, attrs, inputs, layers, bases in [
        (
            "sbom_image",
            {},
            [
                "sbom_a.layer.json",
                "sbom_a.layer.json.origins",
                "sbom_a.layer.json.origins.args",
                "sbom_a.listing.jsonl.zst",
                "sbom_a.packages.json",
                "sbom_base.blobs.origins",
                "sbom_base.config.json",
                "sbom_base.descriptor.json",
                "sbom_base.facts/1.listing.jsonl.zst",
                "sbom_base.facts/1.packages.json",
                "sbom_base.manifest.json",
                "sbom_base.shape.json",
                "sbom_image.config.json",
                "sbom_image.descriptor.json",
                "sbom_image.manifest.json",
                "sbom_image.origins",
            ],
            ["//rules/tests:sbom_a=" + here + "sbom_a.layer.json"],
            ["//rules/tests:sbom_base=" + here + "sbom_base.descriptor.json"],
        ),
        (
            "sbom_on_locked",
            {"fetch_base": False},
            [
                "sbom_locked.documents.config.json",
                "sbom_locked.documents.descriptor.json",
                "sbom_locked.documents.layer_0.json",
                "sbom_locked.documents.layer_0.json.origins",
                "sbom_locked.documents.manifest.json",
                "sbom_on_locked.config.json",
                "sbom_on_locked.descriptor.json",
                "sbom_on_locked.manifest.json",
                "sbom_on_locked.origins",
            ],
            ["//rules/tests:sbom_locked.documents=" + here + "sbom_locked.documents.layer_0.json"],
            ["//rules/tests:sbom_locked.documents=" + here + "sbom_locked.documents.descriptor.json"],
        ),
    ]:
        image_sbom(name = image_name + "_sbom", image = image_name, tags = ["manual"], **attrs)
        _inputs_test(
            name = image_name + "_inputs_test",
            bases = bases,
            inputs = [input.rpartition("/")[2] for input in inputs],
            layers = layers,
            target_under_test = image_name + "_sbom",
        )
        tests.append(image_name + "_inputs_test")
    for image_name in ["sbom_packages", "sbom_index"]:
        image_sbom(name = image_name + "_sbom", image = image_name, tags = ["manual"])
        _declared_test(
            name = image_name + "_declared_test",
            packages = [
                "//rules/tests:sbom_stated pkg:generic/x%2Fy@2 MIT //rules/tests:sbom_info",
                "//rules/tests:sbom_stated pkg:golang/a@v1 MIT //rules/tests:sbom_purl",
                "//rules/tests:sbom_stated pkg:maven/org.a/b@1.0  //rules/tests:sbom_jar",
            ],
            target_under_test = image_name + "_sbom",
        )
        tests.append(image_name + "_declared_test")
    for format, document, media_type, created in [
        ("spdx", "sbom_spdx.spdx.json", "application/spdx+json", ""),
        ("cyclonedx", "sbom_cyclonedx.cdx.json", "application/vnd.cyclonedx+json", "2026-01-02T03:04:05Z"),
    ]:
        image_sbom(name = "sbom_" + format, created = created, format = format, image = "sbom_image", tags = ["manual"])
        _artifact_test(
            name = "sbom_%s_test" % format,
            created = [created] if created else [],
            document = document,
            media_type = media_type,
            target_under_test = "sbom_" + format,
        )
        tests.append("sbom_%s_test" % format)
    native.test_suite(name = name, tests = tests + _real_tests())
