"""For WORKSPACE files, first half: where the rulesets that rules_strata is built with come from.

```starlark
load("@rules_strata//rules:repositories.bzl", "rules_strata_dependencies")

rules_strata_dependencies()

load("@rules_strata//rules:workspace.bzl", "rules_strata_workspace")

rules_strata_workspace()
```

The second function registers a Go SDK, unless the workspace has its own and says `go_version = None`.

With MODULE.bazel none of this is needed. Base images follow, as the extension `images` brings them to modules:

```starlark
load("@rules_strata//rules:repositories.bzl", "images_from_lock")

images_from_lock(
    name = "images",
    lock = "//:images.lock.json",
)

load("@images//:repositories.bzl", "image_repositories")

image_repositories()
```
"""

load("@bazel_tools//tools/build_defs/repo:http.bzl", "http_archive")
load("@bazel_tools//tools/build_defs/repo:utils.bzl", "maybe")
load("//rules/private/repo:pkg_providers.bzl", "PKG_PROVIDERS", "pkg_providers")
load("//rules/private/repo:pulled_repository.bzl", "check_reference", "pulled_image")
load("//rules/private/repo:rules_go_names.bzl", "rules_go_names")
load("//rules/private/repo:workspace_images.bzl", "workspace_images")

visibility("public")

def rules_strata_dependencies(pkg_providers_file = None):
    """Declares the rulesets, at the versions of MODULE.bazel, where the workspace has none of that name.

    Args:
        pkg_providers_file: `"@rules_pkg//pkg:providers.bzl"` where targets of rules_pkg shall be inputs of layers.
    """
    maybe(pkg_providers, name = PKG_PROVIDERS, file = pkg_providers_file or "")
    maybe(
        http_archive,
        name = "bazel_skylib",
        integrity = "sha256-bnjw5X3iaAH29WT6fEpI3Is2hz5BYlepK7sJN+6shEY=",
        url = "https://github.com/bazelbuild/bazel-skylib/releases/download/1.8.2/bazel-skylib-1.8.2.tar.gz",
    )
    maybe(
        http_archive,
        name = "platforms",
        integrity = "sha256-KXQuhydYCbXlmNwvBNhpYMx6VbMGfZciHJq7yZJr/w8=",
        url = "https://github.com/bazelbuild/platforms/releases/download/1.0.0/platforms-1.0.0.tar.gz",
    )

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

def images_from_lock(name, lock):
    """Declares the images of a lock file, each as `@NAME`, once `image_repositories` of its repository is called.

    Args:
      name: Name of the repository whose repositories.bzl has image_repositories.
      lock: Label of the lock file, images.lock.json.
    """
    workspace_images(name = name, lock = lock)

def images_pull(name, reference, platforms = [], realm = "", service = ""):
    """Declares an image without a lock file, for a quick start.

    Args:
      name: Name of the repository, which is an image to build on.
      reference: Full name of the image, with its digest.
      platforms: Platforms to take of an index, like "linux/arm64". Unset means linux/amd64 and linux/arm64, as far as they
        are there.
      realm: Address of the registry's token server, unless that is known.
      service: How the token server knows the registry.
    """
    check_reference(name, reference)
    pulled_image(name, {"platforms": platforms, "realm": realm, "reference": reference, "service": service})
