"""The cases of contract.bzl, on this side."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("//rules/private:packing.bzl", "COMPRESSIONS")
load("//rules/private:paths.bzl", "below", "escape", "literal")
load(":contract.bzl", "CONTRACT")

visibility("private")

def _paths_impl(ctx):
    env = unittest.begin(ctx)
    for case in CONTRACT["pairs"]:
        asserts.equals(env, case["escaped"], escape(case["key"]), "key %r" % case["key"])
    for case in CONTRACT["patterns"]:
        asserts.equals(env, case["path"], literal(case["pattern"]), "pattern %r" % case["pattern"])
    for case in CONTRACT["below"]:
        asserts.equals(env, case["rest"], below(case["path"], case["directory"]), "%r below %r" % (case["path"], case["directory"]))
    return unittest.end(env)

_paths_test = unittest.make(_paths_impl)

def _compressions_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, [case["name"] for case in CONTRACT["compressions"]], COMPRESSIONS)
    return unittest.end(env)

_compressions_test = unittest.make(_compressions_impl)

def contract_tests(name):
    """Declares the tests of the contract.

    Args:
      name: Name of the test suite.
    """
    unittest.suite(name, _compressions_test, _paths_test)
