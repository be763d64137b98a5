"""A macro around the rules of rules_oci."""

load("@rules_oci//oci:defs.bzl", "oci_image", "oci_image_index", "oci_load", "oci_push")
load(":transition.bzl", "platform_transition_filegroup")

def app(name, repository, **kwargs):
    oci_image(
        name = name + "_image",
        architecture = "amd64",
        os = "linux",
        **kwargs
    )
    oci_load(
        name = name + "_load",
        image = ":" + name + "_image",
        repo_tags = ["localhost/%s:latest" % name],
    )
    oci_push(
        name = name + "_push",
        image = ":" + name + "_image",
        remote_tags = ["latest"],
        repository = repository,
    )

def _labelled(name, labels = None, **kwargs):
    oci_image(
        name = name,
        architecture = "amd64",
        labels = labels,
        os = "linux",
        **kwargs
    )
    native.filegroup(
        name = name + "_files",
        srcs = [name],
    )

def labelled(name, **kwargs):
    _labelled(name = name, user = "1000", **kwargs)

def for_platforms(name, image, platforms):
    for short, platform in platforms:
        platform_transition_filegroup(
            name = "{0}_{1}".format(name, short),
            srcs = [image],
            target_platform = platform,
        )
    oci_image_index(
        name = name,
        images = [":{0}_{1}".format(name, short) for short, _ in platforms],
    )
