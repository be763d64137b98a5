"""Everything that a BUILD file needs: `load("@rules_strata//rules:defs.bzl", "image", "image_layer", ...)`.

The rules, in the order in which an image comes to be: `image_layer`, `layered_binary` and `image_import` make or bring
in layers, `image` puts them together, `image_index` joins images of several platforms; `image_archive` writes a file,
`image_load` and `image_push` are programs for `bazel run`, and `image_test` distrusts what came out.
"""

load("//rules/private:archive.bzl", _image_archive = "image_archive")
load("//rules/private:image.bzl", _image = "image")
load("//rules/private:import.bzl", _image_import = "image_import")
load("//rules/private:index.bzl", _image_index = "image_index")
load("//rules/private:layer.bzl", _image_layer = "image_layer")
load("//rules/private:layered.bzl", _layered_binary = "layered_binary")
load("//rules/private:load.bzl", _image_load = "image_load")
load("//rules/private:push.bzl", _image_push = "image_push", _image_pushes = "image_pushes")
load("//rules/private:test.bzl", _image_test = "image_test")

visibility("public")

# In the order of docs/rules.md, which takes it from here.
image_layer = _image_layer
layered_binary = _layered_binary
image_import = _image_import
image = _image
image_index = _image_index
image_archive = _image_archive
image_load = _image_load
image_push = _image_push
image_pushes = _image_pushes
image_test = _image_test
