"""WORKSPACE setup for building the tools from source, part one: the rulesets that the build needs.

```starlark
load("@rules_strata//rules:source_repositories.bzl", "rules_strata_source_dependencies")

rules_strata_source_dependencies()

load("@rules_strata//rules:source_workspace.bzl", "rules_strata_register_source_toolchains")

rules_strata_register_source_toolchains()
```

Put both after the setup in `repositories.bzl`. Releases also need the flag `--@rules_strata//rules:tools=source`.
"""

load("@bazel_tools//tools/build_defs/repo:http.bzl", "http_archive")
load("@bazel_tools//tools/build_defs/repo:utils.bzl", "maybe")
load("//rules/private/repo:rules_go_names.bzl", "rules_go_names")

visibility("public")

def rules_strata_source_dependencies():
    """Declares rules_go and gazelle at the versions in MODULE.bazel, unless the workspace has already declared them."""

    # Gazelle uses these two names in the BUILD files that it generates for Go modules.
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

    # Our own BUILD files are written for Bazel modules and use this name.
    maybe(rules_go_names, name = "rules_go")
