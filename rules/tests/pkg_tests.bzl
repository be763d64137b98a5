"""image_layer's pkgs. Without rules_pkg, stand-ins with the same fields replace its providers."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load(
    "@rules_strata_pkg_providers//:providers.bzl",
    "PackageDirsInfo",
    "PackageFilegroupInfo",
    "PackageFilesInfo",
    "PackageSymlinkInfo",
)
load("//rules:defs.bzl", "image_layer")
load(":actions.bzl", "input_names", "only", "short")
load(":refusal.bzl", "refusal")

visibility("private")

_DATA = "rules/tests/data/"
_TREE = "BIN/rules/tests/pkg_group_tree"

def _files(ctx):
    tree = ctx.actions.declare_directory(ctx.label.name + "_tree")
    ctx.actions.run_shell(outputs = [tree], command = "touch $1/x", arguments = [tree.path])
    a, b = ctx.files._data
    return [
        PackageFilesInfo(
            attributes = {"group": "www", "mode": "0640", "other": ["anything"], "uid": 5, "user": "app"},
            dest_src_map = {"/etc/a": a, "etc/all*[1]=\\": b},
        ),
        PackageFilesInfo(attributes = {"gid": 0, "mode": "0604"}, dest_src_map = {"srv": tree}),
        PackageFilesInfo(attributes = {"group": "www"}, dest_src_map = {"": tree, "twice": a}),
    ]

_DIRS = PackageDirsInfo(attributes = {"mode": "2770", "user": "app"}, dirs = ["var/lib", "/var/log/"])
_LINK = PackageSymlinkInfo(attributes = {"mode": "0777", "user": "app"}, destination = "bin/a=b", target = "../b=c")

def _group_impl(ctx):
    return [PackageFilegroupInfo(
        pkg_dirs = [(_DIRS, ctx.label)],
        pkg_files = [(info, ctx.label) for info in _files(ctx)],
        pkg_symlinks = [(_LINK, ctx.label)],
    )]

_ATTRS = {"_data": attr.label_list(allow_files = True, default = ["data/a.txt", "data/b=c.txt"])}

_group = rule(implementation = _group_impl, attrs = _ATTRS)

_single = rule(implementation = lambda ctx: [_files(ctx)[0], _DIRS, _LINK], attrs = _ATTRS)

def _entries_impl(ctx):
    env = analysistest.begin(ctx)
    action = only(env, "MkLayer")
    asserts.equals(env, ctx.attr.inputs, input_names(action))

    # The order matters: --as applies to the entries after it.
    asserts.equals(env, ctx.attr.flags, [
        arg.split("=")[0] + "=" + short(arg.partition("=")[2])
        for arg in action.argv[1:]
        if not arg.startswith(("--default-compression=", "--descriptor=", "--output=", "--shape="))
    ])
    return analysistest.end(env)

_entries_test = analysistest.make(_entries_impl, attrs = {
    "flags": attr.string_list(),
    "inputs": attr.string_list(),
})

def _dirs_and_link(root):
    return [
        "--as=2770:::app:",
        "--dir=%s/var/lib" % root,
        "--as=2770:::app:",
        "--dir=%s/var/log" % root,
        "--as=0777:::app:",
        "--symlink=%s/bin/a\\=b=../b=c" % root,
        "--as=",
    ]

def pkg_tests(name):
    """Declares the tests of pkgs.bzl.

    Args:
      name: Name of the test suite.
    """
    _group(name = "pkg_group", tags = ["manual"])
    _single(name = "pkg_single", tags = ["manual"])
    image_layer(
        name = "pkg_group_layer",
        modes = {"/o/**": "0600"},
        package_dir = "/o/",
        pkgs = ["pkg_group"],
        tags = ["manual"],
    )
    _entries_test(
        name = "pkg_group_test",
        flags = [
            "--as=0640:5::app:www",
            "--file=/o/etc/a=%sa.txt" % _DATA,
            "--as=0640:5::app:www",
            "--file=/o/etc/all*[1]\\=\\\\=%sb=c.txt" % _DATA,
            "--as=0604::::",
            "--tree=/o/srv=" + _TREE,
            "--as=::::www",
            "--tree=/o/=" + _TREE,
            "--as=::::www",
            "--file=/o/twice=%sa.txt" % _DATA,
        ] + _dirs_and_link("/o") + ["--mode=/o/**=0600"],
        inputs = ["a.txt", "b=c.txt", "pkg_group_tree"],
        target_under_test = "pkg_group_layer",
    )
    image_layer(name = "pkg_single_layer", pkgs = ["pkg_single"], tags = ["manual"])
    _entries_test(
        name = "pkg_single_test",
        flags = [
            "--as=0640:5::app:www",
            "--file=/etc/a=%sa.txt" % _DATA,
            "--as=0640:5::app:www",
            "--file=/etc/all*[1]\\=\\\\=%sb=c.txt" % _DATA,
        ] + _dirs_and_link(""),
        inputs = ["a.txt", "b=c.txt"],
        target_under_test = "pkg_single_layer",
    )
    message = ["attribute pkgs", "two_files has no provider of rules_pkg", "strata_pkg.providers(file = "]
    native.test_suite(name = name, tests = [
        "pkg_group_test",
        "pkg_single_test",
        refusal(image_layer, "pkg_refused", message, pkgs = ["two_files"]),
    ])
