"""The parts of the repository rules that need no network."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("//rules/private/repo:build_file.bzl", "build_file", "target_name")
load("//rules/private/repo:credentials.bzl", "credential_in")
load("//rules/private/repo:lock.bzl", "blob_attrs", "layers_of", "shape_text", "sources_of", "system_of", "system_stated")
load("//rules/private/repo:prebuilt.bzl", "prebuilt_build_file", "prebuilt_toolchains")
load(":credential_cases.bzl", "CASES")

visibility("private")

_ONE = "1" * 64
_TWO = "2" * 64

def _image(reference, layers, mirrors = []):
    manifest = json.encode({"layers": [{"digest": "sha256:" + layer} for layer in layers]})
    return {
        "mirrors": mirrors,
        "platforms": {"linux/amd64": {"manifest": {"text": [manifest[:9], manifest[9:]]}}},
        "reference": reference,
    }

def _sources_impl(ctx):
    env = unittest.begin(ctx)
    for reference, want in {
        "docker.io/library/a:1": "docker.io/library/a",
        "docker.io/library/a:1@sha256:" + _ONE: "docker.io/library/a",
        "h:1/a@sha256:" + _ONE: "h:1/a",
        "h:1/a/b": "h:1/a/b",
        "h:1/a:v1": "h:1/a",
    }.items():
        asserts.equals(env, [want], sources_of({"reference": reference}))
    asserts.equals(env, ["m/a", "m/b", "h/a"], sources_of({"mirrors": ["m/a", "m/b"], "reference": "h/a:1"}))
    return unittest.end(env)

_sources_test = unittest.make(_sources_impl)

def _system_impl(ctx):
    env = unittest.begin(ctx)
    index = json.encode({"manifests": [
        {"digest": "sha256:" + _ONE, "platform": {"os": "windows", "os.features": ["win32k"], "os.version": "10.0.1"}},
        {"digest": "sha256:" + _TWO, "platform": {"os": "linux"}},
        {"digest": "sha256:" + "3" * 64},
    ]})
    image = {"indexes": [{"text": [index[:9], index[9:]]}]}
    asserts.equals(env, {"os_features": ["win32k"], "os_version": "10.0.1"}, system_of(image, "sha256:" + _ONE))
    asserts.equals(env, {}, system_of(image, "sha256:" + _TWO))
    asserts.equals(env, {}, system_of(image, "sha256:" + "3" * 64))
    asserts.equals(env, {}, system_of({}, "sha256:" + _ONE))
    asserts.equals(env, {"os_version": "10.0.1"}, system_stated({"architecture": "amd64", "os": "windows", "os.version": "10.0.1"}))
    asserts.equals(env, {"cpu_features": ["sse4"]}, system_stated({"architecture": "amd64", "features": ["sse4"], "os": "linux"}))
    return unittest.end(env)

_system_test = unittest.make(_system_impl)

def _blobs_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, [_TWO, _ONE], layers_of(_image("h.x/a:1", [_TWO, _ONE, _TWO])).keys())
    registries = {"h.x": {"url": "https://h.x"}, "m.x": {"auth": {"scheme": "basic"}, "url": "https://m.x"}}

    # Two images share one repository for a layer, with all its sources.
    blobs = blob_attrs([
        {"images": {"a": _image("h.x/a:1", [_ONE])}, "registries": registries},
        {"images": {"b": _image("h.x/b:1", [_ONE, _TWO], mirrors = ["m.x/b"])}, "registries": registries},
    ])
    asserts.equals(env, ["sha256_" + _ONE, "sha256_" + _TWO], blobs.keys())
    asserts.equals(env, {
        "images": "@a",
        "registries": {name: json.encode(how) for name, how in registries.items()},
        "sha256": _ONE,
        "sources": ["h.x/a", "m.x/b", "h.x/b"],
        "urls": [],
    }, blobs["sha256_" + _ONE])
    asserts.equals(env, ["m.x/b", "h.x/b"], blobs["sha256_" + _TWO]["sources"])
    return unittest.end(env)

_blobs_test = unittest.make(_blobs_impl)

def _shape_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, "{\"version\":1}\n", shape_text({"shape": ["{\"version\"", ":1}\n"]}))
    asserts.equals(env, None, shape_text({"manifest": {}}))
    return unittest.end(env)

_shape_test = unittest.make(_shape_impl)

def _build_file_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, "linux_arm_v7", target_name("linux/arm/v7"))
    part = struct(documents = {"digest": "sha256:" + _ONE}, blobs = ["@x//:y"])
    text = build_file("a", "h/a:1", {
        "linux/amd64": part,
        "linux/arm64": part,
        "linux/arm64/v8": part,
        "linux/mips64le": part,
        "plan9/amd64": part,
    }, "Do it.")

    # Each has a target. Those that Bazel's constraints can express are selected; if two have the same constraints, the first one.
    for target in ["linux_amd64", "linux_arm64", "linux_arm64_v8", "linux_mips64le", "plan9_amd64"]:
        asserts.equals(env, 1, text.count("    name = \"%s\",\n" % target), target)
    asserts.equals(env, 2, text.count("config_setting("))
    asserts.true(env, "{\":is_linux_amd64\": \":linux_amd64\", \":is_linux_arm64\": \":linux_arm64\"}" in text, text)
    asserts.true(env, "only for linux/amd64, linux/arm64, linux/arm64/v8, linux/mips64le, plan9/amd64. Do it." in text, text)

    # Targets with constraints for variants get the highest variant that their CPU runs.
    text = build_file("a", "h/a:1", {
        platform: part
        for platform in ["linux/amd64", "linux/amd64/v3", "linux/arm/v6", "linux/arm/v7"]
    }, "Do it.")
    for setting, target in {
        "is_linux_amd64": "linux_amd64",
        "is_linux_amd64_v3_x86_64": "linux_amd64_v3",
        "is_linux_amd64_v4_x86_64": "linux_amd64_v3",
        "is_linux_arm_v6": "linux_arm_v6",
        "is_linux_arm_v6_aarch32": "linux_arm_v6",
        "is_linux_arm_v6_armv7": "linux_arm_v6",
        "is_linux_arm_v7": "linux_arm_v7",
        "is_linux_arm_v7_aarch32": "linux_arm_v7",
    }.items():
        asserts.true(env, "\":%s\": \":%s\"" % (setting, target) in text, "%s in %s" % (setting, text))
        asserts.true(env, "name = \"%s\"" % setting in text, setting)
    asserts.equals(env, 8, text.count("config_setting("), text)
    return unittest.end(env)

_build_file_test = unittest.make(_build_file_impl)

def _credentials_impl(ctx):
    env = unittest.begin(ctx)
    for case in CASES:
        entry = case["want"]
        want = None
        if "auth" in entry:
            want = {"type": "pattern", "pattern": "Basic <password>", "password": entry["auth"]}
        elif entry:
            want = {"type": "basic", "login": entry["username"], "password": entry["password"]}
        asserts.equals(env, want, credential_in(case["files"], case["registry"], case["repository"]), case["name"])
    return unittest.end(env)

_credentials_test = unittest.make(_credentials_impl)

# Build tools are selected by execution platform. Programs that users run are selected by target platform, which is that of the
# user's machine.
def _prebuilt_impl(ctx):
    env = unittest.begin(ctx)
    toolchains = prebuilt_toolchains({"build": {"linux_amd64": _ONE, "darwin_arm64": _TWO}, "migrate": {"linux_arm64": _TWO}, "run": {"windows_arm64": _ONE}, "urls": []})
    asserts.equals(env, 4, len(toolchains))
    for text, parts in zip(toolchains, [
        ["build_darwin_arm64", "exec_compatible_with = ", "//os:macos", "//cpu:aarch64", "//rules:build_toolchain_type"],
        ["build_linux_amd64", "exec_compatible_with = ", "//os:linux", "//cpu:x86_64", "//rules:build_toolchain_type"],
        ["migrate_linux_arm64", "target_compatible_with = ", "//os:linux", "//cpu:aarch64", "//rules:migrate_toolchain_type"],
        ["run_windows_arm64", "target_compatible_with = ", "//os:windows", "//cpu:aarch64", "//rules:run_toolchain_type"],
    ]):
        for part in parts + ["target_settings = ", "//rules:prebuilt_tools"]:
            asserts.true(env, part in text, "%s in %s" % (part, text))
    asserts.equals(env, [], prebuilt_toolchains({"build": {}, "migrate": {}, "run": {}, "urls": []}))

    asserts.true(env, "\"mklayer\": \"mklayer\"" in prebuilt_build_file("build", "darwin_amd64"))
    asserts.true(env, "\"push.exe\": \"push\"" in prebuilt_build_file("run", "windows_amd64"))
    asserts.true(env, "\"migrate\": \"migrate\"" in prebuilt_build_file("migrate", "linux_amd64"))
    asserts.false(env, "mklayer" in prebuilt_build_file("run", "linux_amd64"))
    return unittest.end(env)

_prebuilt_test = unittest.make(_prebuilt_impl)

def repo_tests(name):
    """Declares the tests of the repository rules.

    Args:
      name: Name of the test suite.
    """
    unittest.suite(
        name,
        _sources_test,
        _blobs_test,
        _build_file_test,
        _credentials_test,
        _prebuilt_test,
        _shape_test,
        _system_test,
    )
