"""Several images in one image_archive or image_load, the sources of their names, and the output groups of others."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:defs.bzl", "image", "image_archive", "image_layer", "image_load", "image_push_all")
load("//rules:providers.bzl", "ImageInfo", "LoadInfo", "PushesInfo")
load(":actions.bzl", "actions_of", "flags", "written_arguments")
load(":refusal.bzl", "refusal")

visibility("private")

def _in_mode(ctx, names):
    """Replaces MODE in values by the compilation mode, the one Make variable that every build has."""
    mode = ctx.var["COMPILATION_MODE"]
    return {flag: [value.replace("MODE", mode) for value in values] for flag, values in names.items()}

_NAMES = ["image", "name", "name-file", "root", "status"]

def _archive_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    images = [image[ImageInfo] for image in ctx.attr.images]
    for action in actions_of(analysistest.target_actions(env), "MkLayout"):
        is_layout = action.outputs.to_list()[0].is_directory
        found = {flag: flags(action, flag) for flag in _NAMES if flags(action, flag)}
        asserts.equals(env, _in_mode(ctx, ctx.attr.layout if is_layout else ctx.attr.archive), found)

        # Each file of the images is passed once, and is an input once.
        layers = {layer.blob.path: layer.descriptor.path for each in images for layer in each.layers}
        asserts.equals(
            env,
            sorted(["--layer=%s=%s" % (descriptor, blob) for blob, descriptor in layers.items()]),
            sorted([arg for arg in action.argv if arg.startswith("--layer=")]),
        )
        documents = {file.path: None for each in images for file in [each.manifest, each.config]}.keys()
        asserts.equals(
            env,
            sorted(documents),
            sorted([arg[len("--document="):] for arg in action.argv if arg.startswith("--document=")]),
        )
        inputs = [file.path for file in action.inputs.to_list() if "/tools/" not in file.path]
        asserts.equals(env, len(inputs), len({path: None for path in inputs}))
        for path in layers.keys() + layers.values() + documents + [each.descriptor.path for each in images]:
            asserts.true(env, path in inputs, path + " is not an input")
        stamped = "status" in found
        asserts.equals(env, stamped, len([path for path in inputs if path.endswith("-status.txt")]) > 0)
        asserts.false(env, "volatile" in "".join(inputs), "a volatile status is an input")

    # Only the archive is built by default, and the groups of other rulesets are the same file.
    archive = [target.label.name + ".tar"]
    asserts.equals(env, archive, [file.basename for file in target[DefaultInfo].files.to_list()])
    groups = target[OutputGroupInfo]
    for group in ["archive", "oci_tarball", "tarball"]:
        asserts.equals(env, archive, [file.basename for file in groups[group].to_list()], group)
    asserts.equals(env, [target.label.name + ".layout"], [file.basename for file in groups.oci_layout.to_list()])
    return analysistest.end(env)

_archive_test = analysistest.make(_archive_impl, attrs = {
    "archive": attr.string_list_dict(doc = "The flags of the archive that name images."),
    "images": attr.label_list(),
    "layout": attr.string_list_dict(doc = "Those of the layout."),
})

def _load_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    place = "%runfiles%/" + ctx.workspace_name + "/"
    links = {link.path: None for link in target[DefaultInfo].default_runfiles.symlinks.to_list()}
    lines = written_arguments(env)
    found = {}
    for line in lines:
        flag, _, value = line[2:].partition("=")
        path = value.partition(place)[2]
        asserts.true(env, path == "" or path.split("=")[0] in links, line + " is not among the runfiles")
        if flag in _NAMES:
            name = value.partition(place)[0]
            found.setdefault(flag, []).append(name + path.rpartition("/")[2])
    asserts.equals(env, _in_mode(ctx, ctx.attr.arguments), found)
    layers = [line for line in lines if line.startswith("--layer=")]
    asserts.equals(env, len(layers), len({line: None for line in layers}))

    # The archive is declared, but not part of the program.
    archive = target[OutputGroupInfo].tarball.to_list()
    asserts.equals(env, [target.label.name + ".tarball.tar"], [file.basename for file in archive])
    asserts.false(env, archive[0] in target[DefaultInfo].files.to_list())
    asserts.equals(env, target[DefaultInfo].files_to_run.executable, target[LoadInfo].executable)
    return analysistest.end(env)

_load_test = analysistest.make(_load_impl, attrs = {"arguments": attr.string_list_dict()})

def _together_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    place = "%%runfiles%%/%s/%s/" % (ctx.workspace_name, target.label.package)
    asserts.equals(
        env,
        ["--load=//rules/tests:%s=%s%s" % (name, place, name) for name in ctx.attr.loads],
        [line for line in written_arguments(env) if line.startswith("--load=")],
    )
    asserts.equals(env, ctx.attr.loads, [info.target.name for info in target[PushesInfo].loads])

    # The loads are programs with their arguments, found by their paths in these runfiles.
    runfiles = target[DefaultInfo].default_runfiles
    files = [file.short_path for file in runfiles.files.to_list()]
    arguments = [link.path for link in runfiles.root_symlinks.to_list()]
    for name in ctx.attr.loads:
        path = "%s/%s" % (target.label.package, name)
        asserts.true(env, path in files, path + " is not among the runfiles")
        path = "rules_strata.args/%s/%s.args" % (ctx.workspace_name, path)
        asserts.true(env, path in arguments, path + " is not among the runfiles")
    return analysistest.end(env)

_together_test = analysistest.make(_together_impl, attrs = {"loads": attr.string_list()})

def _structure_impl(ctx):
    """Chooses the file to test as the rule container_structure_test does (release 1.22)."""
    image = ctx.attr.image
    files = None
    if OutputGroupInfo in image:
        for group in ["oci_layout", "oci_tarball"]:
            if group in image[OutputGroupInfo]:
                files = image[OutputGroupInfo][group]
                break
    files = (files or image[DefaultInfo].files).to_list()
    if len(files) != 1:
        fail("%d files" % len(files))
    return [DefaultInfo(files = depset(files))]

_structure = rule(implementation = _structure_impl, attrs = {"image": attr.label(allow_files = True)})

def _structure_file_impl(ctx):
    env = analysistest.begin(ctx)
    files = analysistest.target_under_test(env)[DefaultInfo].files.to_list()
    asserts.equals(env, [ctx.attr.file], [file.basename for file in files])
    return analysistest.end(env)

_structure_file_test = analysistest.make(_structure_file_impl, attrs = {"file": attr.string()})

def _cases():
    """Returns a dict from the name of a case to the attributes, and the flags of image_archive's tar and of image_load."""
    one = {"root": ["BIN/rules/tests/several_one.descriptor.json"]}
    image = "%s=BIN/rules/tests/several_%s.descriptor.json"
    return {
        "plain": ({"image": "several_one", "repo_tags": ["localhost/one"]}, one | {"name": ["localhost/one"]}, False),
        "made": (
            {"image": "several_one", "repo_tags": ["localhost/one:$(COMPILATION_MODE)", "localhost/a$$b"]},
            one | {"name": ["localhost/one:MODE", "localhost/a$b"]},
            False,
        ),
        "stamped": (
            {"image": "several_one", "repo_tags": ["localhost/one:{{STABLE_X}}"]},
            one | {"name": ["localhost/one:{{STABLE_X}}"]},
            True,
        ),
        "from_file": (
            {"image": "several_one", "repo_tags_file": "data/a.txt"},
            one | {"name-file": ["rules/tests/data/a.txt"]},
            True,
        ),
        "several": (
            {"images": {
                "localhost/one:v1": "several_one",
                "localhost/one:$(COMPILATION_MODE)": "several_one",
                "localhost/two:v1": "several_two",
            }},
            {"image": [
                image % ("localhost/one:v1", "one"),
                image % ("localhost/one:MODE", "one"),
                image % ("localhost/two:v1", "two"),
            ]},
            False,
        ),
        "several_stamped": (
            {"images": {"localhost/one:{{STABLE_X|a=b}}": "several_one"}},
            {"image": [image % ("localhost/one:{{STABLE_X|a\\=b}}", "one")]},
            True,
        ),
    }

def several_tests(name):
    """Declares the tests of several images, and of names and output groups.

    Args:
      name: Name of the test suite.
    """
    for layer in ["shared", "two"]:
        image_layer(name = "several_layer_" + layer, files = {"/" + layer: "data/a.txt"})
    image(name = "several_one", layers = ["several_layer_shared"])
    image(name = "several_two", layers = ["several_layer_shared", "several_layer_two"])

    tests = []
    for case, (attrs, names, stamped) in _cases().items():
        image_archive(name = "several_archive_" + case, tags = ["manual"], **attrs)
        tests.append("several_archive_%s_test" % case)
        status = {"status": ["BIN/stable-status.txt"]} if stamped else {}
        _archive_test(
            name = tests[-1],
            archive = names | status,
            images = ["several_one"] + (["several_two"] if "several_two" in attrs.get("images", {}).values() else []),
            layout = names | status if "image" in names else {"root": names["root"]},
            target_under_test = "several_archive_" + case,
        )
        image_load(name = "several_load_" + case, tags = ["manual"], **attrs)
        tests.append("several_load_%s_test" % case)
        _load_test(
            name = tests[-1],
            arguments = {
                flag: [value.replace("BIN/rules/tests/", "").replace("rules/tests/data/", "") for value in values]
                for flag, values in names.items()
            } | ({"status": ["stable-status.txt", "volatile-status.txt"]} if stamped else {}),
            target_under_test = "several_load_" + case,
        )

    for rule, kind in [(image_archive, "archive"), (image_load, "load")]:
        images = {"localhost/a": "several_one"}
        tests += [
            refusal(rule, "several_%s_none" % kind, ["set either image or images; neither is set"]),
            refusal(
                rule,
                "several_%s_both" % kind,
                ["set either image or images; both are set"],
                image = "several_one",
                images = images,
            ),
            refusal(
                rule,
                "several_%s_tags" % kind,
                ["repo_tags names the one image of the attribute image; each key of images is a name"],
                images = images,
                repo_tags = ["localhost/b"],
            ),
            refusal(
                rule,
                "several_%s_file" % kind,
                ["repo_tags_file names the one image"],
                images = images,
                repo_tags_file = "data/a.txt",
            ),
            refusal(
                rule,
                "several_%s_unknown" % kind,
                ["attribute repo_tags: $(NO_SUCH_VARIABLE) is not a Make variable"],
                image = "several_one",
                repo_tags = ["localhost/a:$(NO_SUCH_VARIABLE)"],
            ),
        ]
    tests += [
        refusal(image_load, "several_load_without_name", ["the image needs a name"], image = "several_one"),
        refusal(image_push_all, "several_push_nothing", ["set pushes, loads or both"]),
    ]

    image_push_all(name = "several_loads_inner", loads = ["several_load_several"], tags = ["manual"])
    image_push_all(
        name = "several_loads_and_pushes",
        loads = ["several_load_plain"],
        pushes = ["several_loads_inner", "push_plain"],
        tags = ["manual"],
    )
    _together_test(
        name = "several_loads_and_pushes_test",
        loads = ["several_load_several", "several_load_plain"],
        target_under_test = "several_loads_and_pushes",
    )

    for target, file in {
        "several_archive_plain": "several_archive_plain.layout",
        "several_archive_plain.tar": "several_archive_plain.tar",
        "several_one": "several_one.layout",
    }.items():
        structure = "several_structure_" + target.replace(".", "_")
        _structure(name = structure, image = target, tags = ["manual"])
        tests.append(structure + "_test")
        _structure_file_test(name = tests[-1], file = file, target_under_test = structure)
    native.test_suite(name = name, tests = tests + ["several_loads_and_pushes_test"])
