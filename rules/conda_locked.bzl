"""The rules that generated repositories of Conda packages load. Not for use in other files."""

load("//rules/private:conda_environment.bzl", _conda_environment = "conda_environment")
load(
    "//rules/private:conda_package.bzl",
    _conda_noarch_package = "conda_noarch_package",
    _conda_package = "conda_package",
    _conda_python = "conda_python",
)
load(
    "//rules/private/repo:conda_repositories.bzl",
    _conda_archive = "conda_archive",
    _conda_environment_repository = "conda_environment_repository",
    _conda_pythons_repository = "conda_pythons_repository",
)

visibility("public")

conda_archive = _conda_archive
conda_environment = _conda_environment
conda_environment_repository = _conda_environment_repository
conda_noarch_package = _conda_noarch_package
conda_package = _conda_package
conda_python = _conda_python
conda_pythons_repository = _conda_pythons_repository
