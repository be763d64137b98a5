"""The prebuilt tools of a release, as toolchains.

tools.lock.json lists the archives with the tools and their SHA-256. The file in the repository is empty, and dev/release
fills it in for a release. An archive is downloaded only when a build needs one of its tools.
"""

load("//tools:tools.bzl", "BUILD_TOOLS", "MIGRATE_TOOLS", "RUN_TOOLS")

visibility(["//rules/..."])

# The repository with the toolchains, and the default of the flag //rules:tools.
PREBUILT_TOOLS = "rules_strata_tools"

_LOCK = Label("//:tools.lock.json")

# The platforms that a release can have tools for: GOOS and GOARCH values, and Bazel's names for them.
_OS = {"darwin": "macos", "linux": "linux", "windows": "windows"}
_CPU = {"amd64": "x86_64", "arm64": "aarch64"}
_PLATFORMS = {
    "%s_%s" % (os, cpu): [str(Label("@platforms//os:" + _OS[os])), str(Label("@platforms//cpu:" + _CPU[cpu]))]
    for os in _OS
    for cpu in _CPU
}

# For each kind of tools, in the build or with `bazel run`: the tools, their rule, and the attribute of `toolchain` for their
# platform.
_KINDS = {
    "build": struct(tools = BUILD_TOOLS, rule = "image_build_toolchain", runs_on = "exec_compatible_with"),
    "migrate": struct(tools = MIGRATE_TOOLS, rule = "image_run_toolchain", runs_on = "target_compatible_with"),
    "run": struct(tools = RUN_TOOLS, rule = "image_run_toolchain", runs_on = "target_compatible_with"),
}

_TOOLCHAIN = """toolchain(
    name = "{kind}_{platform}",
    {runs_on} = {constraints},
    target_settings = ["{setting}"],
    toolchain = "@{repository}//:tools",
    toolchain_type = "{toolchain_type}",
)
"""

_BUILD_FILE = """load("{rules}", "{rule}")

{rule}(
    name = "tools",
    tools = {tools},
    visibility = ["//visibility:public"],
)
"""

_NOT_DOWNLOADED = """rules_strata: the {kind} tools for {platform} could not be downloaded, or differ from those of this release:
  {urls}
  expected SHA-256 {sha256} (tools.lock.json); the warning above has the actual one
hint: to use a mirror, put its address into the file in Bazel's flag --experimental_downloader_config; docs/tools.md
describes that, and how to build the tools from source"""

def _repository(kind, platform):
    return "rules_strata_%s_tools_%s" % (kind, platform)

def prebuilt_toolchains(lock):
    """Returns the toolchain declarations for a decoded tools.lock.json, as text for a BUILD file."""
    return [
        _TOOLCHAIN.format(
            constraints = _PLATFORMS[platform],
            kind = kind,
            platform = platform,
            repository = _repository(kind, platform),
            runs_on = _KINDS[kind].runs_on,
            setting = Label("//rules:prebuilt_tools"),
            toolchain_type = Label("//rules:%s_toolchain_type" % kind),
        )
        for kind in _KINDS
        for platform in sorted(lock[kind])
    ]

def prebuilt_build_file(kind, platform):
    """Returns the text of a BUILD file that declares the toolchain of an archive's tools."""
    suffix = ".exe" if platform.startswith("windows_") else ""
    return _BUILD_FILE.format(
        rule = _KINDS[kind].rule,
        rules = Label("//rules:toolchain.bzl"),
        tools = {tool + suffix: tool for tool in _KINDS[kind].tools},
    )

def _toolchains_impl(rctx):
    toolchains = prebuilt_toolchains(json.decode(rctx.read(_LOCK)))
    rctx.file("BUILD.bazel", "\n".join(toolchains))
    rctx.file("default.bzl", 'DEFAULT_TOOLS = "%s"\n' % ("prebuilt" if toolchains else "source"))

_toolchains = repository_rule(
    doc = "A toolchain for each archive in tools.lock.json, and the default of the flag //rules:tools.",
    implementation = _toolchains_impl,
)

def _tools_impl(rctx):
    kind, platform = rctx.attr.kind, rctx.attr.platform
    lock = json.decode(rctx.read(_LOCK))
    urls = [url.format(kind = kind, platform = platform) for url in lock["urls"]]
    download = rctx.download_and_extract(urls, sha256 = lock[kind][platform], allow_fail = True)
    if not download.success:
        fail(_NOT_DOWNLOADED.format(
            kind = kind,
            platform = platform,
            sha256 = lock[kind][platform],
            urls = "\n  ".join(urls),
        ))
    rctx.file("BUILD.bazel", prebuilt_build_file(kind, platform))

_tools = repository_rule(
    doc = "The tools of one kind for one platform.",
    implementation = _tools_impl,
    attrs = {
        "kind": attr.string(doc = "When the tools run.", mandatory = True, values = _KINDS.keys()),
        "platform": attr.string(doc = "Where the tools run.", mandatory = True, values = _PLATFORMS.keys()),
    },
)

def prebuilt_tools_repositories():
    """Declares all repositories, also for WORKSPACE files. Those that are not in tools.lock.json are never fetched."""
    _toolchains(name = PREBUILT_TOOLS)
    for kind in _KINDS:
        for platform in _PLATFORMS:
            _tools(name = _repository(kind, platform), kind = kind, platform = platform)

def _prebuilt_tools_impl(module_ctx):
    prebuilt_tools_repositories()
    return module_ctx.extension_metadata(reproducible = True)

prebuilt_tools = module_extension(
    doc = "The prebuilt tools of a release.",
    implementation = _prebuilt_tools_impl,
)
