"""image_users, image_certificates, image_ldconfig and image_skeleton."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:defs.bzl", "image", "image_certificates", "image_import", "image_layer", "image_ldconfig", "image_skeleton", "image_users")
load("//rules:providers.bzl", "LayerInfo")
load(":actions.bzl", "flags", "input_names", "only")
load(":refusal.bzl", "refusal")

visibility("private")

_PACKAGE = "BIN/rules/tests/"

def _etc_impl(ctx):
    env = analysistest.begin(ctx)
    action = only(env, ctx.attr.mnemonic)
    for flag, values in ctx.attr.flags.items():
        asserts.equals(env, values, flags(action, flag), flag)
    for flag in ctx.attr.switches:
        asserts.true(env, flag in action.argv, flag)
    asserts.equals(env, ctx.attr.inputs, input_names(action))
    layer = only(env, "MkLayer")
    asserts.equals(env, ctx.attr.over, flags(layer, "over"))
    asserts.equals(env, [flags(action, "output")[0]], flags(layer, "tar"))
    asserts.equals(env, ["/"], flags(layer, "strip-prefix"), "without a flag, the tar could become the layer")
    info = analysistest.target_under_test(env)[LayerInfo]
    asserts.equals(env, [ctx.attr.blob], [info.blob.basename])
    return analysistest.end(env)

_etc_test = analysistest.make(_etc_impl, attrs = {
    "blob": attr.string(),
    "flags": attr.string_list_dict(),
    "inputs": attr.string_list(),
    "mnemonic": attr.string(),
    "over": attr.string_list(),
    "switches": attr.string_list(),
})

def _skeleton_impl(ctx):
    env = analysistest.begin(ctx)
    action = only(env, "MkLayer")
    asserts.equals(env, ctx.attr.symlinks, flags(action, "symlink"))
    asserts.equals(env, ctx.attr.inputs, input_names(action))
    asserts.equals(env, ["/root=0700", "/tmp=1777", "/var/tmp=1777"], flags(action, "mode"))
    written = [file.content for file in analysistest.target_actions(env) if file.mnemonic == "FileWrite"]
    for text in ctx.attr.texts:
        asserts.true(env, text in written, "%s is not in %s" % (repr(text), repr(written)))
    return analysistest.end(env)

_skeleton_test = analysistest.make(_skeleton_impl, attrs = {
    "inputs": attr.string_list(),
    "symlinks": attr.string_list(),
    "texts": attr.string_list(),
})

def _over_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.equals(env, [_PACKAGE + "etc_skeleton.shape.json"], flags(only(env, "MkLayer"), "over"))
    return analysistest.end(env)

_over_test = analysistest.make(_over_impl)

def _users_tests():
    users = ["app:x:1000", "b:x:5:6:B, b:/:/bin/sh"]
    image_users(name = "etc_users", groups = ["b:x:6"], shadow = True, users = users, tags = ["manual"])
    _etc_test(
        name = "etc_users_test",
        blob = "etc_users.tar.gz",
        flags = {
            "group": ["b:x:6"],
            "home-mode": ["0700"],
            "output": [_PACKAGE + "etc_users.files.tar"],
            "root": [],
            "user": users,
        },
        mnemonic = "MkUsers",
        switches = ["users", "--homes", "--shadow"],
        target_under_test = "etc_users",
    )
    image_users(name = "etc_more_users", base = "etc_image", compression = "zstd", homes = False, tags = ["manual"])
    _etc_test(
        name = "etc_more_users_test",
        blob = "etc_more_users.tar.zst",
        flags = {
            "blobs": [_PACKAGE + "etc_base.blobs=rules/tests/data/a.txt"],
            "layer": ["%setc_layer.layer.json=%setc_layer.tar.gz" % (_PACKAGE, _PACKAGE)],
            "root": [_PACKAGE + "etc_image.descriptor.json"],
        },
        inputs = [
            "a.txt",
            "etc_base.blobs",
            "etc_image.config.json",
            "etc_image.descriptor.json",
            "etc_image.manifest.json",
            "etc_layer.layer.json",
            "etc_layer.tar.gz",
        ],
        mnemonic = "MkUsers",
        over = [_PACKAGE + "etc_base.shape.json", _PACKAGE + "etc_layer.shape.json"],
        target_under_test = "etc_more_users",
    )
    return ["etc_users_test", "etc_more_users_test"]

def _certificates_tests():
    image_certificates(name = "etc_certificates", certificates = ["data/a.txt"], tags = ["manual"])
    _etc_test(
        name = "etc_certificates_test",
        blob = "etc_certificates.tar.gz",
        flags = {
            "file": ["rules/tests/data/a.txt"],
            "output": [_PACKAGE + "etc_certificates.files.tar"],
        },
        inputs = ["a.txt"],
        mnemonic = "MkCertificates",
        switches = ["certificates"],
        target_under_test = "etc_certificates",
    )
    return ["etc_certificates_test"]

def _ldconfig_tests():
    image_ldconfig(name = "etc_ldconfig", base = "etc_image", directories = ["/opt/lib"], tags = ["manual"])
    _etc_test(
        name = "etc_ldconfig_test",
        blob = "etc_ldconfig.tar.gz",
        flags = {
            "dir": ["/opt/lib"],
            "output": [_PACKAGE + "etc_ldconfig.files.tar"],
            "root": [_PACKAGE + "etc_image.descriptor.json"],
        },
        inputs = [
            "a.txt",
            "etc_base.blobs",
            "etc_image.config.json",
            "etc_image.descriptor.json",
            "etc_image.manifest.json",
            "etc_layer.layer.json",
            "etc_layer.tar.gz",
        ],
        mnemonic = "MkLdconfig",
        over = [_PACKAGE + "etc_base.shape.json", _PACKAGE + "etc_layer.shape.json"],
        switches = ["libraries"],
        target_under_test = "etc_ldconfig",
    )
    return ["etc_ldconfig_test"]

def _skeleton_tests():
    image_skeleton(
        name = "etc_skeleton",
        os_release = {"ID": "debian", "PRETTY_NAME": "\"A\" $mall `\\`"},
        tags = ["manual"],
    )
    _skeleton_test(
        name = "etc_skeleton_test",
        inputs = ["hosts", "nsswitch.conf", "os-release"],
        symlinks = [
            "/var/run=/run",
            "/bin=usr/bin",
            "/lib=usr/lib",
            "/lib64=usr/lib64",
            "/sbin=usr/sbin",
            "/etc/os-release=../usr/lib/os-release",
        ],
        target_under_test = "etc_skeleton",
        texts = ["ID=\"debian\"\nPRETTY_NAME=\"\\\"A\\\" \\$mall \\`\\\\\\`\"\n"],
    )
    image_skeleton(name = "etc_plain", merged_usr = False, tags = ["manual"])
    _skeleton_test(
        name = "etc_plain_test",
        inputs = ["hosts", "nsswitch.conf"],
        symlinks = ["/var/run=/run"],
        target_under_test = "etc_plain",
    )
    image_layer(name = "etc_over", files = {"/lib/a": "data/a.txt"}, over = "etc_skeleton", tags = ["manual"])
    _over_test(name = "etc_over_test", target_under_test = "etc_over")
    refused = [
        refusal(
            image_skeleton,
            name = "etc_refused_" + name,
            message = [":etc_refused_%s: attribute os_release: " % name] + message,
            os_release = os_release,
        )
        for name, (os_release, message) in {
            "line_feed": ({"ID": "a\nb"}, ["the value of ID contains a line feed."]),
            "lower_case": ({"Id": "a"}, ["\"Id\" is not a valid name."]),
            "number": ({"1ID": "a"}, ["\"1ID\" is not a valid name."]),
        }.items()
    ]
    return refused + ["etc_skeleton_test", "etc_plain_test", "etc_over_test"]

def etc_tests(name):
    """Declares the tests of image_users, image_certificates, image_ldconfig and image_skeleton.

    Args:
      name: Name of the test suite.
    """
    image_import(name = "etc_base", src = "data/a.txt", tags = ["manual"])
    image_layer(name = "etc_layer", files = {"/a": "data/a.txt"}, tags = ["manual"])
    image(name = "etc_image", base = "etc_base", layers = ["etc_layer"], tags = ["manual"])
    native.test_suite(name = name, tests = _users_tests() + _certificates_tests() + _ldconfig_tests() + _skeleton_tests())
