"""image_test: verifies an image."""

load(":base_blobs.bzl", "contents_with_blobs", "current", "with_base_blobs")
load(":contents.bzl", "ANY_CONTENTS", "without_layers")
load(":facts.bzl", "image_facts_with_blobs", "layer_facts")
load(":forwarded.bzl", "forwarded_image")
load(":launcher.bzl", "program", "program_arguments")
load(":providers.bzl", "ArtifactInfo")
load(":run_tools.bzl", "RUN_AS_TEST")

visibility(["//rules/..."])

# Attributes that the tool receives as one JSON object.
_ASSERTIONS = {
    "absent": attr.string_list(
        doc = """Paths that must not exist, like `["/bin/sh", "**/*.pyc"]`. Globs have the syntax of `modes` in `image_layer`.""",
    ),
    "config": attr.string_dict(
        doc = """Regular expressions that settings must match, like `{"user": "^[1-9]", "env.PATH": "^/app"}`. The keys are
`architecture`, `cmd`, `entrypoint`, `env.NAME`, `exposed_ports`, `labels.KEY`, `os`, `stop_signal`, `user`, `variant`, `volumes`
and `workdir`; lists are in JSON.""",
    ),
    "contents": attr.string_dict(
        doc = """Regular expressions that the contents of files must match, like `{"/etc/os-release": "(?m)^ID=debian$"}`. Symlinks
are followed. The syntax is RE2.""",
    ),
    "exists": attr.string_dict(
        doc = """Paths that must exist, like `{"/app/server": "file 0755 0:0", "/tmp": "directory 1777", "/etc/app.conf": ""}`:
a kind (`file`, `directory` or `symlink`), a mode and an owner, each optional. A symlink at the end of a path is not followed.""",
    ),
    "max_layer_size": attr.string(
        doc = "Maximum compressed size of each layer, like `20MB` or `1.5GiB`.",
    ),
    "max_layers": attr.int(
        doc = "Maximum number of layers, those of the base included. 0 means any number.",
    ),
    "max_size": attr.string(
        doc = "Maximum compressed size of all layers together, like `200MB`: what a machine without any of them downloads.",
    ),
    "max_wasted": attr.string(
        doc = """Maximum size of file contents that the image has but no path shows, like `1MB`: contents that a higher layer replaces or
deletes. A machine downloads and stores them in vain.""",
    ),
}

# Assertions on the file system, for which listings of the layers are enough.
_ON_PATHS = ["absent", "exists", "max_wasted"]

def _inputs(ctx):
    """Returns the contents of the image that the test reads, and a dict from flag to Files with facts about its layers."""
    contents = contents_with_blobs(ctx)
    image = current(ctx, "image")
    if ArtifactInfo in image:
        return contents, {}
    facts = image_facts_with_blobs(ctx)
    layers = {layer: None for info in facts for layer in info.layers + info.bases if layer.check}
    files = {"checked": [layer.check for layer in layers]}

    # Contents are searched, and commands run, in the test: which ones is unknown before it reads its configs, and these tests
    # then need all bytes.
    if ctx.attr.contents or ctx.attr.configs:
        return contents, files
    if [name for name in _ON_PATHS if getattr(ctx.attr, name)]:
        files["listing"] = [layer.listing for layer in layers]
    return without_layers(contents, image), files

_ENGINE = "{label}: attribute engine: an engine runs the commands of configs, and there are none"

# What the programs of engines need to find their configuration, their storage or their daemon.
_ENGINE_ENVIRONMENT = [
    "CONTAINERS_CONF",
    "CONTAINERS_STORAGE_CONF",
    "CONTAINER_HOST",
    "DOCKER_CERT_PATH",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "DOCKER_TLS_VERIFY",
    "HOME",
    "PATH",
    "XDG_RUNTIME_DIR",
]

def _impl(ctx):
    if ctx.attr.engine and not ctx.attr.configs:
        fail(_ENGINE.format(label = ctx.label))
    contents, files = _inputs(ctx)
    assertions = {name: getattr(ctx.attr, name) for name in _ASSERTIONS if getattr(ctx.attr, name)}
    info = program(ctx, "check", program_arguments(
        ctx,
        {
            "assert": json.encode(assertions) if assertions else "",
            "digest": ctx.attr.digest,
            "engine": ctx.attr.engine,
        },
        files | {"config": ctx.files.configs},
        contents,
    ))
    if not ctx.attr.engine:
        return [info]
    return [
        info,
        RunEnvironmentInfo(inherited_environment = _ENGINE_ENVIRONMENT),
        testing.ExecutionInfo({"local": ""}),  # engines are neither in the sandbox nor on other machines
    ]

image_test = rule(
    doc = """Tests that an image conforms to the OCI specifications and, optionally, to expectations of its files, settings and sizes.

The test recomputes every digest, size and `diff_id`, checks all documents against image-spec and against each other, and
reads every layer entry by entry; docs/validator.md lists the rules. An action per layer does so, and the test reads its
cached result; only `contents` and `configs` need the bytes of the layers in the test. Layers of a base, and archives that became layers
unchanged, are checked for integrity, but not for the guarantees that rules_strata gives for its own layers.

An image can be tested on any machine, whatever its platform, except for commands in `configs`: the program is built for the
execution platform that runs the test, that of the exec group `test`. This includes remote execution.""",
    implementation = _impl,
    attrs = RUN_AS_TEST | _ASSERTIONS | {
        "configs": attr.label_list(
            doc = """Files of container-structure-test, schema 2.0.0, as YAML or JSON: the image must pass their tests. See
docs/image-tests.md.""",
            allow_files = [".yaml", ".yml", ".json"],
        ),
        "digest": attr.string(
            doc = """Expected digest of the image or index, like `sha256:...`. It detects unreproducible builds and unintended
changes. The digest of an `image` without a base depends on the target platform; an `image_index` with `platforms` has the
same digest on every machine.""",
        ),
        "engine": attr.string(
            doc = """Where commands in `configs` run: `docker` or `podman`, which must be on the PATH of the machine that runs Bazel, or
empty for namespaces that need no engine. The engine gets the image under a unique name during the test. Without the
engine, the test fails.""",
            values = ["", "docker", "podman"],
        ),
        "image": attr.label(
            doc = "The `image`, `image_index` or `image_artifact` to test.",
            mandatory = True,
            cfg = with_base_blobs,
            aspects = [forwarded_image, layer_facts],
            providers = ANY_CONTENTS,
        ),
    },
    test = True,
)
