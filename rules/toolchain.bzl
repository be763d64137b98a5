"""The toolchain rules, for builds that supply their own tools."""

load(
    "//rules/private:toolchain.bzl",
    _BUILD_TOOLCHAIN_TYPE = "BUILD_TOOLCHAIN_TYPE",
    _MIGRATE_TOOLCHAIN_TYPE = "MIGRATE_TOOLCHAIN_TYPE",
    _RUN_TOOLCHAIN_TYPE = "RUN_TOOLCHAIN_TYPE",
    _image_build_toolchain = "image_build_toolchain",
    _image_run_toolchain = "image_run_toolchain",
)

visibility("public")

BUILD_TOOLCHAIN_TYPE = _BUILD_TOOLCHAIN_TYPE
MIGRATE_TOOLCHAIN_TYPE = _MIGRATE_TOOLCHAIN_TYPE
RUN_TOOLCHAIN_TYPE = _RUN_TOOLCHAIN_TYPE
image_build_toolchain = _image_build_toolchain
image_run_toolchain = _image_run_toolchain
