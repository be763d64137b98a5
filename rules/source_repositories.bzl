"""For WORKSPACE files that build the tools from source, first half: the rulesets that this takes.

```starlark
load("@rules_strata//rules:source_repositories.bzl", "rules_strata_source_dependencies")

rules_strata_source_dependencies()

load("@rules_strata//rules:source_workspace.bzl", "rules_strata_register_source_toolchains")

rules_strata_register_source_toolchains()
```

Both come after what `repositories.bzl` shows. A release also needs the flag `--@rules_strata//rules:tools=source`.
"""

load("@bazel_tools//tools/build_defs/repo:http.bzl", "http_archive")
load("@bazel_tools//tools/build_defs/repo:utils.bzl", "maybe")
load("//rules/private/repo:rules_go_names.bzl", "rules_go_names")

visibility("public")

def rules_strata_source_dependencies():
    """Declares rules_go and gazelle, at the versions of MODULE.bazel, where the workspace has none of that name."""

    # These two names are what gazelle writes into the BUILD files that it makes for Go modules.
    maybe(
        http_archive,
        name = "io_bazel_rules_go",
        integrity = "sha256-htPcj1nSU1JPkzqvLzwFiWywtgX8NbRgwLSwOZlhJMY=",
        url = "https://github.com/bazel-contrib/rules_go/releases/download/v0.60.0/rules_go-v0.60.0.zip",
    )
    maybe(
        http_archive,
        name = "bazel_gazelle",
        integrity = "sha256-Z1EU2LQz0Kn1TYEXGDO+luvEETEVZkt5Hm8gTVjpNEY=",
        url = "https://github.com/bazel-contrib/bazel-gazelle/releases/download/v0.47.0/bazel-gazelle-v0.47.0.tar.gz",
    )

    # And this is the one that our own BUILD files use, which are written for modules.
    maybe(rules_go_names, name = "rules_go")
