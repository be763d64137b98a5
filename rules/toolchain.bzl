"""The toolchain rule, for those who bring tools of their own, prebuilt ones for instance."""

load("//rules/private:toolchain.bzl", _TOOLCHAIN_TYPE = "TOOLCHAIN_TYPE", _image_toolchain = "image_toolchain")

visibility("public")

TOOLCHAIN_TYPE = _TOOLCHAIN_TYPE
image_toolchain = _image_toolchain
