"""The module extension `images`, which declares base images.

```starlark
images = use_extension("@rules_strata//rules:extensions.bzl", "images")
images.from_lock(lock = "//:images.lock.json")
use_repo(images, "debian")
```
"""

load("//rules/private/repo:images.bzl", _images = "images")

visibility("public")

images = _images
