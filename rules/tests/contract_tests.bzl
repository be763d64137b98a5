"""Tests the Starlark side of contract.bzl."""

load("@bazel_skylib//lib:partial.bzl", "partial")
load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//rules/private:configuration.bzl", "ARCHITECTURES")
load("//rules/private:expand.bzl", "expand_text")
load("//rules/private:packing.bzl", "COMPRESSIONS")
load("//rules/private:paths.bzl", "below", "escape", "literal")
load("//rules/private:run_tool.bzl", "new_args")
load("//rules/private:stamp.bzl", "has_variables")
load("//rules/private/repo:build_file.bzl", "constraints_of")
load("//rules/private/repo:lock.bzl", "repository_of")
load("//rules/private/repo:pulled_repository.bzl", "DEFAULT_PLATFORMS", "MEDIA_TYPES", "platform_of", "reference_problem")
load("//rules/private/repo:servers.bzl", "api_host", "server_problem")
load(":actions.bzl", "only")
load(":contract.bzl", "CONTRACT")

visibility("private")

def _paths_impl(ctx):
    env = unittest.begin(ctx)
    for case in CONTRACT["pairs"]:
        asserts.equals(env, case["escaped"], escape(case["key"]), "key %r" % case["key"])
    for case in CONTRACT["patterns"]:
        asserts.equals(env, case["path"], literal(case["pattern"]), "pattern %r" % case["pattern"])
    for case in CONTRACT["below"]:
        asserts.equals(env, case["rest"], below(case["path"], case["directory"]), str(case))
    return unittest.end(env)

_paths_test = unittest.make(_paths_impl)

_MAKE_VARIABLES = {"DOLLARS": "$$1", "X": "x"}

def _values_impl(ctx):
    env = unittest.begin(ctx)
    for case in CONTRACT["dollars"]:
        for want, keep_dollars in [(case["value"], False), (case["env"], True)]:
            rejected = []
            got = expand_text(
                case["text"],
                lambda name: _MAKE_VARIABLES.get(name, ""),
                lambda: rejected.append(True),  # buildifier: disable=uninitialized
                keep_dollars,
            )
            asserts.equals(env, want, None if rejected else got, case["text"])
    for case in CONTRACT["status_variables"]:
        asserts.equals(env, case["found"], has_variables(case["text"]), case["text"])
    return unittest.end(env)

_values_test = unittest.make(_values_impl)

def _written_impl(ctx):
    args = new_args(ctx)
    args.add_all([case["argument"] for case in CONTRACT["arguments"]])
    file = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(file, args)
    return [DefaultInfo(files = depset([file]))]

_written = rule(implementation = _written_impl)

def _arguments_impl(ctx):
    env = analysistest.begin(ctx)
    want = "".join([case["written"] + "\n" for case in CONTRACT["arguments"]])
    asserts.equals(env, want, only(env, "FileWrite").content)
    return analysistest.end(env)

_arguments_test = analysistest.make(_arguments_impl)

def _compressions_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, [case["name"] for case in CONTRACT["compressions"]], COMPRESSIONS)
    return unittest.end(env)

_compressions_test = unittest.make(_compressions_impl)

def _registries_impl(ctx):
    env = unittest.begin(ctx)
    for case in CONTRACT["references"]:
        problem = reference_problem("name", case["reference"])
        asserts.equals(env, case["repository"], None if problem else repository_of(case["reference"]), case["reference"])
    for case in CONTRACT["hosts"]:
        asserts.equals(env, case["host"], api_host(case["registry"]))
    asserts.equals(env, {case["kind"]: [case["oci"], case["docker"]] for case in CONTRACT["media_types"]}, MEDIA_TYPES)
    return unittest.end(env)

_registries_test = unittest.make(_registries_impl)

def _platforms_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, CONTRACT["default_platforms"], DEFAULT_PLATFORMS)

    # WebAssembly has no ELF programs, which the Go side recognises.
    architectures = {architecture: None for architecture in ARCHITECTURES if architecture != "wasm"}
    asserts.equals(env, [case["architecture"] for case in CONTRACT["variants"]], sorted(architectures.keys()))
    for case in CONTRACT["variants"]:
        name = "linux/" + case["architecture"]
        asserts.true(env, constraints_of(name), name)
        asserts.equals(env, name, platform_of({"architecture": case["architecture"], "os": "linux"}))
        if case["implied"]:
            # The explicit variant means the same target platform; only amd64 and arm64 drop it from the name.
            explicit = {"architecture": case["architecture"], "os": "linux", "variant": case["implied"]}
            asserts.equals(env, constraints_of(name), constraints_of(name + "/" + case["implied"]))
            want = name if case["architecture"] != "arm" else name + "/" + case["implied"]
            asserts.equals(env, want, platform_of(explicit))
    return unittest.end(env)

_platforms_test = unittest.make(_platforms_impl)

# Part of the error for each problem of a server.
_SERVER_PROBLEMS = {
    "address": "is not an http(s) address",
    "domain": "nor in its domain; if that is right, --repo_env=STRATA_TRUSTED_SERVERS=",
    "host": "expected https://",
    "tls": "without TLS; if that is right, --repo_env=STRATA_TRUSTED_SERVERS=http://",
    "user": "expected https://",
}

def _servers_impl(ctx):
    env = unittest.begin(ctx)
    for case in CONTRACT["servers"]:
        auth = {"realm": case["realm"], "scheme": "bearer"} if case["realm"] else {"scheme": "basic"}
        got = server_problem(case["name"], {"auth": auth, "url": case["url"]}, case["trusted"])
        if case["problem"]:
            asserts.true(env, _SERVER_PROBLEMS[case["problem"]] in (got or ""), "%s: got %s" % (case, got))
        else:
            asserts.equals(env, None, got, str(case))
    return unittest.end(env)

_servers_test = unittest.make(_servers_impl)

def contract_tests(name):
    """Declares the tests of the contract.

    Args:
      name: Name of the test suite.
    """
    _written(name = name + ".written")
    unittest.suite(
        name,
        partial.make(_arguments_test, target_under_test = name + ".written"),
        _compressions_test,
        _paths_test,
        _platforms_test,
        _registries_test,
        _servers_test,
        _values_test,
    )
