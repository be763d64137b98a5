"""The requirements and resources of every action. Analysis tests cannot see them, so this uses a fake context."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("//rules:toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")
load(
    "//rules/private:actions.bzl",
    "NO_NAMES",
    "import_image",
    "make_archive",
    "make_config",
    "make_index",
    "make_layer",
    "make_layout",
    "make_manifest",
)
load("//rules/private:conda_actions.bzl", "make_conda_environment", "make_conda_layer", "make_conda_python")
load("//rules/private:report_actions.bzl", "make_diff", "make_report")
load("//rules/private:rootfs_actions.bzl", "make_rootfs", "make_squash")
load("//rules/private:run_tool.bzl", "new_args")
load("//rules/private:soci_actions.bzl", "make_soci")
load("//tools:tools.bzl", "BUILD_TOOLS")

visibility("private")

def _nothing(*_args, **_kwargs):
    pass

def _recorder(runs):
    """Returns a context that appends the arguments of each ctx.actions.run to a list."""
    args = struct(add = _nothing, add_all = _nothing, set_param_file_format = _nothing, use_param_file = _nothing)
    return struct(
        label = Label("//rules/tests:recorded"),
        actions = struct(args = lambda: args, run = lambda **kwargs: runs.append(kwargs)),
        toolchains = {BUILD_TOOLCHAIN_TYPE: struct(tools = {name: name for name in BUILD_TOOLS})},
    )

def _declarations_impl(ctx):
    env = unittest.begin(ctx)
    runs = []
    fake = _recorder(runs)
    outputs = struct(document = "document", descriptor = "descriptor", digest = "digest")
    contents = struct(root = "root", documents = [], layers = depset(), blobs = depset(), files = depset())
    make_layer(fake, new_args(fake), depset(), "blob", "descriptor", "shape")
    make_config(fake, {}, {"env-file": "env", "labels-file": None, "status": "status"}, None, [], "config", "descriptor")
    make_manifest(fake, "descriptor", None, [], {}, None, outputs, "status")
    make_index(fake, [], {}, "annotations", outputs)
    make_layout(fake, contents, NO_NAMES, "directory")
    make_archive(fake, contents, NO_NAMES, "archive")
    make_rootfs(fake, contents, {}, [], "init", "rootfs", "digest")
    squashed = {name: name for name in ["blob", "layer", "shape", "config", "manifest", "descriptor", "digest"]}
    make_squash(fake, contents, None, struct(compression = "gzip", level = 0), struct(**squashed))
    make_soci(fake, [], None, 0, struct(blobs = "blobs", descriptor = "descriptor", digest = "digest", document = "document", images = []))
    import_image(fake, "source", {}, {"blobs": "directory"}, "importing")
    layer = struct(blob = "blob", descriptor = "descriptor", shape = "shape")
    package = struct(archive = "archive", url = "url")
    make_conda_python(fake, "archive", "json")
    make_conda_layer(fake, [package], "/opt/conda", "error", [], "json", layer, "facts", "building")
    make_conda_environment(fake, {}, [], ["facts"], layer, "packages")

    image = struct(blobs = depset(), config = "config", layers = [], manifest = "manifest")
    facts = struct(bases = (), layers = ())
    make_report(fake, Label(":a"), image, facts, struct(bases = (), layers = []), "packages", None, struct(html = "html", json = "json"))
    make_diff(fake, image, image, [], [], struct(json = "json", text = "text"))

    asserts.equals(env, {
        "MkCondaEnvironment": "mkconda",
        "MkCondaLayer": "mkconda",
        "MkCondaPython": "mkconda",
        "MkConfig": "mkconfig",
        "MkDiff": "mkdiff",
        "MkImport": "mkimport",
        "MkIndex": "mkindex",
        "MkLayer": "mklayer",
        "MkLayout": "mklayout",
        "MkManifest": "mkmanifest",
        "MkReport": "mkreport",
        "MkRootfs": "mkrootfs",
        "MkSoci": "mksoci",
        "MkSquash": "mksquash",
    }, {run["mnemonic"]: run["executable"] for run in runs})
    for run in runs:
        mapped = {} if run["mnemonic"] == "MkReport" else {"supports-path-mapping": "1"}
        asserts.equals(env, mapped, run["execution_requirements"], run["mnemonic"])
        asserts.equals(env, BUILD_TOOLCHAIN_TYPE, run["toolchain"], run["mnemonic"])
        asserts.true(env, run["progress_message"], run["mnemonic"] + " has no progress message")
        asserts.equals(env, ["cpu", "memory"], sorted(run["resource_set"]("linux", 1)), run["mnemonic"])

    runs.clear()
    make_layer(fake, new_args(fake), depset(), "blob", "descriptor", "shape", workers = True)
    asserts.equals(env, {
        "requires-worker-protocol": "json",
        "supports-path-mapping": "1",
        "supports-workers": "1",
    }, runs[0]["execution_requirements"])
    return unittest.end(env)

_declarations_test = unittest.make(_declarations_impl)

def action_tests(name):
    """Declares the tests of actions.bzl.

    Args:
      name: Name of the test suite.
    """
    unittest.suite(name, _declarations_test)
