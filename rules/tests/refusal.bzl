"""Targets whose analysis must fail, and their error messages."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")

visibility("private")

def _refusal_impl(ctx):
    env = analysistest.begin(ctx)
    for part in ctx.attr.message:
        asserts.expect_failure(env, part)
    return analysistest.end(env)

refusal_test = analysistest.make(
    _refusal_impl,
    attrs = {"message": attr.string_list(doc = "Parts of the message.")},
    expect_failure = True,
)

def refusal(rule, name, message, **kwargs):
    """Declares a target whose analysis must fail, and the test for it.

    Args:
      rule: The rule.
      name: Name of the target.
      message: list of parts of the message.
      **kwargs: The target's attributes.

    Returns:
      Name of the test.
    """
    rule(name = name, tags = ["manual"], **kwargs)
    refusal_test(name = name + "_test", target_under_test = name, message = message)
    return name + "_test"
