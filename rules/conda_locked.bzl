"""The rules that generated repositories of Conda packages load. Not for use in other files."""

load("//rules/private:conda_environment.bzl", _conda_environment = "conda_environment")
load(
    "//rules/private:conda_package.bzl",
    _conda_noarch_package = "conda_noarch_package",
    _conda_package = "conda_package",
    _conda_python = "conda_python",
)

visibility("public")

conda_environment = _conda_environment
conda_noarch_package = _conda_noarch_package
conda_package = _conda_package
conda_python = _conda_python
