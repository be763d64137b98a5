"""Support for rules_pkg: lets the attribute `pkgs` of `image_layer` accept rules_pkg targets.

In MODULE.bazel:

```starlark
bazel_dep(name = "rules_pkg", version = "1.1.0")

strata_pkg = use_extension("@rules_strata//rules:pkg.bzl", "rules_pkg")
strata_pkg.providers(file = "@rules_pkg//pkg:providers.bzl")
```

In a WORKSPACE file, where `rules_strata_dependencies` is called:

```starlark
rules_strata_dependencies(pkg_providers_file = "@rules_pkg//pkg:providers.bzl")
```

Builds that do not set this neither load nor download rules_pkg.
"""

load("//rules/private/repo:pkg_providers.bzl", _rules_pkg = "rules_pkg")

visibility("public")

rules_pkg = _rules_pkg
