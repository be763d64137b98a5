"""For those who use rules_pkg: tells `image_layer` where its providers are, so that `pkgs` takes its targets.

In MODULE.bazel:

```starlark
bazel_dep(name = "rules_pkg", version = "1.1.0")

strata_pkg = use_extension("@rules_strata//rules:pkg.bzl", "rules_pkg")
strata_pkg.providers(file = "@rules_pkg//pkg:providers.bzl")
```

In a WORKSPACE, where `rules_strata_dependencies` is called:

```starlark
rules_strata_dependencies(pkg_providers_file = "@rules_pkg//pkg:providers.bzl")
```

Nobody else has rules_pkg loaded or downloaded.
"""

load("//rules/private/repo:pkg_providers.bzl", _rules_pkg = "rules_pkg")

visibility("public")

rules_pkg = _rules_pkg
