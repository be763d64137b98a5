"""WORKSPACE setup, part one: the rulesets that rules_strata depends on, and its prebuilt tools.

```starlark
load("@rules_strata//rules:repositories.bzl", "rules_strata_dependencies")

rules_strata_dependencies()

load("@rules_strata//rules:workspace.bzl", "rules_strata_register_toolchains")

rules_strata_register_toolchains()
```

Builds that use MODULE.bazel need none of this. To build the tools from source, continue with `source_repositories.bzl`.

Then declare the base images. This is the WORKSPACE equivalent of the extension `images`:

```starlark
load("@rules_strata//rules:repositories.bzl", "images_from_lock")

images_from_lock(
    name = "images",
    lock = "//:images.lock.json",
)

load("@images//:repositories.bzl", "image_repositories")

image_repositories()
```

Conda environments, the equivalent of the extension `conda`:

```starlark
load("@rules_strata//rules:repositories.bzl", "conda_from_lock")

conda_from_lock(
    name = "env",
    lock = "//:pixi.lock",
)

load("@env_lock//:repositories.bzl", "conda_repositories")

conda_repositories()
```
"""

load("@bazel_tools//tools/build_defs/repo:http.bzl", "http_archive")
load("@bazel_tools//tools/build_defs/repo:utils.bzl", "maybe")
load("//rules/private/repo:pkg_providers.bzl", "PKG_PROVIDERS", "pkg_providers")
load("//rules/private/repo:prebuilt.bzl", "prebuilt_tools_repositories")
load("//rules/private/repo:pulled_repository.bzl", "check_reference", "pulled_image")
load("//rules/private/repo:workspace_conda.bzl", "workspace_conda")
load("//rules/private/repo:workspace_images.bzl", "workspace_images")

visibility("public")

def rules_strata_dependencies(pkg_providers_file = None):
    """Declares the rulesets at the versions in MODULE.bazel, except those that the workspace has already declared.

    Args:
      pkg_providers_file: Set to `"@rules_pkg//pkg:providers.bzl"` to use rules_pkg targets in layers.
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
    prebuilt_tools_repositories()

def images_from_lock(name, lock):
    """Creates a repository whose macro `image_repositories` declares each image in a lock file as `@NAME`.

    Args:
      name: Name of the repository. Load `image_repositories` from its repositories.bzl.
      lock: Label of the lock file, images.lock.json.
    """
    workspace_images(name = name, lock = lock)

def images_pull(name, reference, platforms = [], realm = "", service = ""):
    """Declares a base image without a lock file, for a quick start.

    Args:
      name: Name of the repository. Use `@NAME` as the base of an `image`.
      reference: Full name of the image, including its digest.
      platforms: Platforms to use from an index, like "linux/arm64". If unset, linux/amd64 and linux/arm64 are used if the
        index has them.
      realm: URL of the registry's token server. Not needed for well-known registries.
      service: Name of the registry at the token server.
    """
    check_reference(name, reference)
    pulled_image(name, {"platforms": platforms, "realm": realm, "reference": reference, "service": service})

def conda_from_lock(name, lock, **kwargs):
    """Creates the repository `NAME_lock`, whose macro `conda_repositories` declares a Conda environment as `@NAME`.

    Args:
      name: Name of the environment's repository.
      lock: Label of the lock file.
      **kwargs: Other attributes of `conda.lock`, like `environment` and `platforms`.
    """
    workspace_conda(name = name + "_lock", lock = lock, repository = name, **kwargs)
