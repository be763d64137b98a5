"""The rules for BUILD files: `load("@rules_strata//rules:defs.bzl", "image", "image_layer", ...)`.

`image_layer`, `image_binary_layers` and `conda_layers` build layers; `image_skeleton`, `image_users`, `image_certificates` and
`image_ldconfig` build those of a base from scratch. `image_import` imports an existing image. `image` combines layers and
settings, and `image_index` combines images for several platforms. `image_from_binary` builds an image of a program in one
call. `image_squash` merges the layers of an image. `image_soci` adds what SOCI needs to pull an image lazily. `image_artifact`
describes files that are not an image, like a Helm chart, and `image_sbom` lists the packages of an image.

`image_archive` writes an image to a file, and `image_rootfs` the file system that its containers start with. `image_boot`,
`image_load`, `image_push` and `image_push_all` make programs for `bazel run`; `image_signer` names a program that signs what is
pushed.

`image_test` verifies an image, `image_diff_test` compares two, and `image_report` describes one. `image_policy` states rules for
many images.
"""

load("//rules/private:archive.bzl", _image_archive = "image_archive")
load("//rules/private:artifact.bzl", _image_artifact = "image_artifact")
load("//rules/private:binary_layers.bzl", _image_binary_layers = "image_binary_layers")
load("//rules/private:boot.bzl", _image_boot = "image_boot")
load("//rules/private:certificates.bzl", _image_certificates = "image_certificates")
load("//rules/private:conda_layers.bzl", _conda_layers = "conda_layers")
load("//rules/private:diff.bzl", _image_diff_test = "image_diff_test")
load("//rules/private:image.bzl", _image = "image")
load("//rules/private:image_from_binary.bzl", _image_from_binary = "image_from_binary")
load("//rules/private:import.bzl", _image_import = "image_import")
load("//rules/private:index.bzl", _image_index = "image_index")
load("//rules/private:layer.bzl", _image_layer = "image_layer")
load("//rules/private:ldconfig.bzl", _image_ldconfig = "image_ldconfig")
load("//rules/private:load.bzl", _image_load = "image_load")
load("//rules/private:policy.bzl", _image_policy = "image_policy")
load("//rules/private:push.bzl", _image_push = "image_push", _image_push_all = "image_push_all")
load("//rules/private:report.bzl", _image_report = "image_report")
load("//rules/private:rootfs.bzl", _image_rootfs = "image_rootfs")
load("//rules/private:sbom.bzl", _image_sbom = "image_sbom")
load("//rules/private:signer.bzl", _image_signer = "image_signer")
load("//rules/private:skeleton.bzl", _image_skeleton = "image_skeleton")
load("//rules/private:soci.bzl", _image_soci = "image_soci")
load("//rules/private:squash.bzl", _image_squash = "image_squash")
load("//rules/private:test.bzl", _image_test = "image_test")
load("//rules/private:users.bzl", _image_users = "image_users")

visibility("public")

# docs/rules.md lists the rules in this order.
image_layer = _image_layer
image_binary_layers = _image_binary_layers
conda_layers = _conda_layers
image_skeleton = _image_skeleton
image_users = _image_users
image_certificates = _image_certificates
image_ldconfig = _image_ldconfig
image_import = _image_import
image = _image
image_from_binary = _image_from_binary
image_index = _image_index
image_squash = _image_squash
image_soci = _image_soci
image_artifact = _image_artifact
image_sbom = _image_sbom
image_archive = _image_archive
image_rootfs = _image_rootfs
image_boot = _image_boot
image_load = _image_load
image_push = _image_push
image_push_all = _image_push_all
image_signer = _image_signer
image_test = _image_test
image_diff_test = _image_diff_test
image_report = _image_report
image_policy = _image_policy
