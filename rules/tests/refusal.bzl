"""Targets that must not be analysed, and what is said then."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")

visibility("private")

def _refusal_impl(ctx):
    env = analysistest.begin(ctx)
    for part in ctx.attr.says:
        asserts.expect_failure(env, part)
    return analysistest.end(env)

refusal_test = analysistest.make(
    _refusal_impl,
    attrs = {"says": attr.string_list(doc = "Parts of the message.")},
    expect_failure = True,
)

def refusal(rule, name, says, **kwargs):
    """Declares a target that is refused, and the test of that.

    Args:
      rule: The rule.
      name: Name of the target.
      says: list of parts of the message.
      **kwargs: The target's attributes.

    Returns:
      Name of the test.
    """
    rule(name = name, tags = ["manual"], **kwargs)
    refusal_test(name = name + "_test", target_under_test = name, says = says)
    return name + "_test"
