"""WORKSPACE mode: the repository `rules_go`, a facade for the ruleset, which is named `io_bazel_rules_go` there.

In WORKSPACE mode, a repository cannot choose its own name for a dependency, as modules can. A second copy of rules_go would
not work, because its providers would be different from those of the first one.
"""

visibility(["//rules/..."])

_REAL = "@io_bazel_rules_go"

# The rules, platforms and conditions that BUILD files in this project use.
_RULES = ["go_binary", "go_cross_binary", "go_library", "go_test"]
_TARGETS = {
    "go/platform": ["android", "linux"],
    "go/toolchain": ["linux_amd64", "linux_arm64"],
}

def _rules_go_names_impl(rctx):
    rctx.file("go/BUILD.bazel", 'exports_files(["def.bzl"])\n')
    rctx.file("go/def.bzl", "".join([
        'load("{real}//go:def.bzl", _{name} = "{name}")\n'.format(name = name, real = _REAL)
        for name in _RULES
    ] + [
        "{name} = _{name}\n".format(name = name)
        for name in _RULES
    ]))
    for package, names in _TARGETS.items():
        rctx.file(package + "/BUILD.bazel", "".join([
            'alias(name = "{name}", actual = "{real}//{package}:{name}", {public})\n'.format(
                name = name,
                package = package,
                public = 'visibility = ["//visibility:public"]',
                real = _REAL,
            )
            for name in names
        ]))

rules_go_names = repository_rule(
    implementation = _rules_go_names_impl,
    doc = "A repository with aliases for the contents of `io_bazel_rules_go`.",
)
