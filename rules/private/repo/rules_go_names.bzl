"""WORKSPACE mode: the repository name `rules_go`, where the ruleset itself is `io_bazel_rules_go`.

Only modules let every repository have its own name for another one. A second copy of rules_go would
not do: its providers would not be the first one's.
"""

visibility(["//rules/..."])

_REAL = "@io_bazel_rules_go"

# What BUILD files of this repository load and refer to.
_RULES = ["go_binary", "go_cross_binary", "go_library", "go_test"]
_PLATFORMS = ["linux_amd64", "linux_arm64"]

def _rules_go_names_impl(rctx):
    rctx.file("go/BUILD.bazel", 'exports_files(["def.bzl"])\n')
    rctx.file("go/def.bzl", "".join([
        'load("{real}//go:def.bzl", _{name} = "{name}")\n'.format(name = name, real = _REAL)
        for name in _RULES
    ] + [
        "{name} = _{name}\n".format(name = name)
        for name in _RULES
    ]))
    rctx.file("go/toolchain/BUILD.bazel", "".join([
        'alias(name = "{name}", actual = "{real}//go/toolchain:{name}", {public})\n'.format(
            name = name,
            public = 'visibility = ["//visibility:public"]',
            real = _REAL,
        )
        for name in _PLATFORMS
    ]))

rules_go_names = repository_rule(
    implementation = _rules_go_names_impl,
    doc = "A repository of other names for what `io_bazel_rules_go` holds.",
)
