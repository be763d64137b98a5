"""The module extensions: `images` declares base images, and `conda` declares Conda environments.

```starlark
images = use_extension("@rules_strata//rules:extensions.bzl", "images")
images.from_lock(lock = "//:images.lock.json")
use_repo(images, "debian")

conda = use_extension("@rules_strata//rules:extensions.bzl", "conda")
conda.lock(name = "env", lock = "//:pixi.lock")
use_repo(conda, "env")
```
"""

load("//rules/private/repo:conda.bzl", _conda = "conda")
load("//rules/private/repo:images.bzl", _images = "images")

visibility("public")

# docs/rules.md lists the extensions in this order.
images = _images
conda = _conda
