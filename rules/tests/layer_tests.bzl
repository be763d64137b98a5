"""image_layer: one action, with only the inputs that it needs."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:defs.bzl", "image", "image_layer")
load("//rules:providers.bzl", "ImageInfo", "LayerInfo")
load(":actions.bzl", "flags", "input_names", "only")
load(":refusal.bzl", "refusal")

visibility("private")

_PACKAGE = "rules/tests"

def _one_action_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    action = only(env, "MkLayer")
    asserts.equals(env, 1, len(analysistest.target_actions(env)), "number of actions")
    asserts.equals(env, ["a.txt", "b=c.txt"], input_names(action))
    asserts.equals(env, [
        "/etc/a=" + _PACKAGE + "/data/a.txt",
        "/srv/data/b\\=c.txt=" + _PACKAGE + "/data/b=c.txt",
    ], flags(action, "file"))
    asserts.equals(env, ["/bin/sh=busybox"], flags(action, "symlink"))
    asserts.equals(env, ["/tmp"], flags(action, "dir"))
    asserts.equals(env, ["last"], flags(action, "duplicates"))
    asserts.equals(env, ["/run/x.pid", "/run/y.pid"], flags(action, "empty-file"))
    asserts.equals(env, ["/etc/motd"], flags(action, "remove"))
    asserts.equals(env, ["/var/cache"], flags(action, "opaque"))
    asserts.equals(env, ["/tmp=1777"], flags(action, "mode"))
    asserts.equals(env, ["/srv/**=7:8"], flags(action, "owner"))
    asserts.equals(env, ["1700000000"], flags(action, "mtime"))
    asserts.equals(env, [
        "/srv/**=user.a=b=c",
        "/srv/**=user.d=0x00",
        "/etc/a=security.capability=cap_kill=+ep",
    ], flags(action, "xattr"))
    asserts.equals(env, ["zstd"], flags(action, "compression"))
    asserts.equals(env, ["BIN/" + _PACKAGE + "/layer.tar.zst"], flags(action, "output"))
    asserts.equals(env, ["BIN/" + _PACKAGE + "/layer.layer.json"], flags(action, "descriptor"))
    asserts.equals(env, ["BIN/" + _PACKAGE + "/layer.shape.json"], flags(action, "shape"))
    asserts.equals(env, "layer.tar.zst", target[LayerInfo].blob.basename)
    asserts.equals(env, "layer.layer.json", target[LayerInfo].descriptor.basename)
    asserts.equals(env, "layer.shape.json", target[LayerInfo].shape.basename)
    return analysistest.end(env)

def _tars_impl(ctx):
    env = analysistest.begin(ctx)
    action = only(env, "MkLayer")
    asserts.equals(env, ["a.txt", "b=c.txt"], input_names(action))
    asserts.equals(env, [_PACKAGE + "/data/a.txt", _PACKAGE + "/data/b=c.txt"], flags(action, "tar"))
    asserts.equals(env, [_PACKAGE + "/data/a.txt"], flags(action, "deb"))
    asserts.equals(env, ["/etc/**=7"], flags(action, "mtimes"))
    asserts.equals(env, ["tool-1.0*"], flags(action, "strip-prefix"))
    asserts.equals(env, ["/opt/tool"], flags(action, "package-dir"))
    asserts.equals(env, ["application/vnd.oci.image.layer.v1.tar+gzip"], flags(action, "media-type"))
    asserts.true(env, "--hardlinks" in action.argv, "--hardlinks is there")
    asserts.equals(env, ["BIN/" + _PACKAGE + "/tar_layer.layer"], flags(action, "output"))
    return analysistest.end(env)

_tars_test = analysistest.make(_tars_impl)

def _kept_impl(ctx):
    env = analysistest.begin(ctx)
    action = only(env, "MkLayer")

    # Any other flag could make mklayer write the archive again.
    names = [arg.split("=")[0] for arg in action.argv[1:]]
    asserts.equals(env, ["--tar", "--default-compression", "--output", "--descriptor", "--shape"], names)
    asserts.equals(env, ["BIN/" + _PACKAGE + "/kept_layer.layer"], flags(action, "output"))
    return analysistest.end(env)

_kept_test = analysistest.make(_kept_impl)

def _over_impl(ctx):
    env = analysistest.begin(ctx)
    action = only(env, "MkLayer")
    asserts.equals(env, ["a.txt", "over_below.shape.json"], input_names(action))
    asserts.equals(env, ["BIN/" + _PACKAGE + "/over_below.shape.json"], flags(action, "over"))
    return analysistest.end(env)

_over_test = analysistest.make(_over_impl)

# An image of another ruleset, without shapes.
_foreign_image = rule(
    implementation = lambda ctx: [ImageInfo(
        config = ctx.file.document,
        manifest = ctx.file.document,
        descriptor = ctx.file.document,
        layers = (),
        blobs = depset(),
    )],
    attrs = {"document": attr.label(allow_single_file = True)},
)

def _foreign_base_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.equals(env, ["a.txt", "over_below.layer.json", "over_below.shape.json"], input_names(only(env, "MkConfig")))
    shapes = analysistest.target_under_test(env)[ImageInfo].shapes
    asserts.equals(env, ["over_below.shape.json"], [file.basename for file in shapes])
    return analysistest.end(env)

_foreign_base_test = analysistest.make(_foreign_base_impl)

_one_action_test = analysistest.make(_one_action_impl)

def _program_impl(ctx):
    env = analysistest.begin(ctx)
    action = only(env, "MkLayer")
    asserts.equals(env, ["/app/program=BIN/" + _PACKAGE + "/program"], flags(action, "executable"))

    # The image contains the program once, next to its runfiles.
    main = ctx.workspace_name
    asserts.equals(env, [
        "/app/program.runfiles/%s/%s/program=../../../../program" % (main, _PACKAGE),
    ], flags(action, "symlink"))
    asserts.equals(env, [
        "/app/program.runfiles/%s/%s/data/a.txt=%s/data/a.txt" % (main, _PACKAGE, _PACKAGE),
        "/app/program.runfiles/%s/linked/a=%s/data/a.txt" % (main, _PACKAGE),
        "/app/program.runfiles/at-the-root=%s/data/a.txt" % _PACKAGE,
    ], [flag for flag in flags(action, "file") if "_repo_mapping" not in flag])
    return analysistest.end(env)

_program_test = analysistest.make(_program_impl)

def _program_rule_impl(ctx):
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(executable, "#!/bin/sh\n", is_executable = True)
    data = ctx.file.data
    return [DefaultInfo(
        executable = executable,
        runfiles = ctx.runfiles(
            files = [executable, data],
            symlinks = {"linked/a": data},
            root_symlinks = {"at-the-root": data},
        ),
    )]

_program = rule(
    implementation = _program_rule_impl,
    attrs = {"data": attr.label(allow_single_file = True)},
    executable = True,
)

def _declared_rule_impl(ctx):
    link = ctx.actions.declare_symlink(ctx.label.name + ".link")
    ctx.actions.symlink(output = link, target_path = "../no/where")
    file = ctx.actions.declare_file(ctx.label.name + ".file")
    ctx.actions.symlink(output = file, target_file = ctx.file.data)
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(executable, "#!/bin/sh\n", is_executable = True)
    return [DefaultInfo(executable = executable, files = depset([executable, link, file]), runfiles = ctx.runfiles([link, file]))]

_declared = rule(
    implementation = _declared_rule_impl,
    attrs = {"data": attr.label(allow_single_file = True)},
    executable = True,
)

def _links_impl(ctx):
    env = analysistest.begin(ctx)
    layer = only(env, "MkLayer")
    asserts.equals(
        env,
        ["BIN/%s/%s.link" % (_PACKAGE, name) for name in ctx.attr.declared],
        sorted(flags(layer, "declared-symlink")),
    )
    return analysistest.end(env)

_links_test = analysistest.make(_links_impl, attrs = {"declared": attr.string_list()})

def layer_tests(name):
    """Declares the tests of image_layer.

    Args:
      name: Name of the test suite.
    """
    image_layer(
        name = "tar_layer",
        debs = ["data/a.txt"],
        hardlinks = True,
        media_type = "application/vnd.oci.image.layer.v1.tar+gzip",
        mtimes = {"/etc/**": "7"},
        package_dir = "/opt/tool",
        strip_prefix = "tool-1.0*",
        tags = ["manual"],  # not archives
        tars = ["two_files"],
    )
    _tars_test(name = "tars_test", target_under_test = "tar_layer")
    image_layer(name = "kept_layer", tags = ["manual"], tars = ["data/a.txt"])
    _kept_test(name = "kept_test", target_under_test = "kept_layer")

    image_layer(name = "over_below", symlinks = {"/lib": "usr/lib"})
    image(name = "over_base", layers = ["over_below"])
    image_layer(name = "over_layer", files = {"/lib/a": "data/a.txt"}, over = "over_base")
    _over_test(name = "over_test", target_under_test = "over_layer")
    _foreign_image(name = "foreign", document = "data/a.txt", tags = ["manual"])
    image(name = "over_foreign", base = "foreign", layers = ["over_below"], tags = ["manual"])
    _foreign_base_test(name = "foreign_base_test", target_under_test = "over_foreign")

    image_layer(
        name = "layer",
        compression = "zstd",
        dirs = ["/tmp"],
        duplicates = "last",
        empty_files = [
            "/run/x.pid",
            "/run/y.pid",
        ],
        files = {
            "/etc/a": "data/a.txt",
            "/srv/": "data/b=c.txt",
        },
        modes = {"/tmp": "1777"},
        mtime = "1700000000",
        opaque = ["/var/cache"],
        owners = {"/srv/**": "7:8"},
        remove = ["/etc/motd"],
        symlinks = {"/bin/sh": "busybox"},
        xattrs = {
            "/srv/**": [
                "user.a=b=c",
                "user.d=0x00",
            ],
            "/etc/a": ["security.capability=cap_kill=+ep"],
        },
    )
    _one_action_test(name = "one_action_test", target_under_test = "layer")

    _program(name = "program", data = "data/a.txt")
    image_layer(name = "program_layer", files = {"/app/": "program"})
    _program_test(name = "program_test", target_under_test = "program_layer")

    # Declared symlinks are found through filegroups and aliases, and in runfiles.
    _declared(name = "declared_a", data = "data/a.txt")
    _declared(name = "declared_b", data = "data/a.txt")
    native.filegroup(name = "declared_group", srcs = ["declared_a"])
    native.alias(name = "declared_alias", actual = "declared_group")
    image_layer(
        name = "links_layer",
        files = {
            "/app/program": "declared_b",
            "/etc/a": "data/a.txt",
            "/srv/": "declared_alias",
        },
    )
    _links_test(name = "links_test", declared = ["declared_a", "declared_b"], target_under_test = "links_layer")
    _links_test(name = "no_links_test", target_under_test = "program_layer")

    native.filegroup(name = "two_files", srcs = ["data/a.txt", "data/b=c.txt"])
    refusals = [
        refusal(
            image_layer,
            "over_unknown_shape",
            over = "foreign",
            message = ["over_unknown_shape", "attribute over", "the directories of", "foreign are unknown"],
        ),
        refusal(
            image_layer,
            "relative_path",
            files = {"etc/a": "data/a.txt"},
            message = ["relative_path", "attribute files", "etc/a is not an absolute path", "\"/etc/a\""],
        ),
        refusal(
            image_layer,
            "relative_remove",
            remove = ["etc/motd"],
            message = ["relative_remove", "attribute remove", "etc/motd is not an absolute path", "\"/etc/motd\""],
        ),
        refusal(
            image_layer,
            "several_files",
            files = {"/etc/a": "two_files"},
            message = ["several_files", "attribute files", "/etc/a is the path of one file", "two_files provides 2 files", "\"/etc/a/\""],
        ),
    ]
    native.test_suite(name = name, tests = [
        "foreign_base_test",
        "kept_test",
        "links_test",
        "no_links_test",
        "one_action_test",
        "over_test",
        "program_test",
        "tars_test",
    ] + refusals)
