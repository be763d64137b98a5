"""The rules that generated base image repositories load. Not for use in other files."""

load("//rules/private:locked.bzl", _locked_image = "locked_image")
load("//rules/private/repo:blob_repository.bzl", _blob_repository = "blob_repository")
load("//rules/private/repo:image_repository.bzl", _image_repository = "image_repository")

visibility("public")

blob_repository = _blob_repository
image_repository = _image_repository
locked_image = _locked_image
