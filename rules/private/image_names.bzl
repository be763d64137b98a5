"""The images of image_archive and image_load, and the names that they get."""

load(":contents.bzl", "ANY_CONTENTS")
load(":expand.bzl", "expand")
load(":forwarded.bzl", "forwarded_image")

visibility(["//rules/..."])

_WHICH_IMAGES = "{label}: set either image or images; {found}"
_NAMED_TWICE = "{label}: {attribute} names the one image of the attribute image; each key of images is a name"

def named_image_attrs(verb, kinds = "`image` or `image_index`", cfg = "target"):
    """Returns the attributes of a rule that takes one image or several, and names them.

    Args:
      verb: What the rule does with them, for the documentation.
      kinds: The rules whose targets are images, for the documentation.
      cfg: The transition of the images.

    Returns:
      dict of attributes.
    """
    return {
        "image": attr.label(
            doc = "The %s to %s. Set either this or `images`." % (kinds, verb),
            aspects = [forwarded_image],
            cfg = cfg,
            providers = ANY_CONTENTS,
        ),
        "images": attr.string_keyed_label_dict(
            doc = """Several images to %s, by their names: `{"localhost/app:latest": ":app", "localhost/db:latest": ":db"}`. An
image that occurs several times has all of the names. Names may contain the same variables as `repo_tags`.""" % verb,
            aspects = [forwarded_image],
            cfg = cfg,
            providers = ANY_CONTENTS,
        ),
        "repo_tags": attr.string_list(
            doc = """Names to give the image when it is loaded, like `["localhost/app:latest"]`. They may contain variables of the
workspace status, `{{STABLE_GIT_COMMIT}}`, and of Make, `$(VERSION)`.""",
        ),
        "repo_tags_file": attr.label(
            doc = "File with additional names, one per line. It may contain variables of the workspace status.",
            allow_single_file = True,
        ),
    }

def image_names(ctx):
    """Returns the names in the attributes of named_image_attrs, after checking that the attributes agree.

    Args:
      ctx: The rule's context.

    Returns:
      struct of tags (list of the names of the attribute image), files (list of Files with more of them), images (dict from the
      attribute's key, a name with Make variables, to the expanded name) and stamped (whether there may be variables of the
      workspace status).
    """
    several = bool(ctx.attr.images)
    if several == bool(ctx.attr.image):
        fail(_WHICH_IMAGES.format(
            found = "both are set" if several else "neither is set",
            label = ctx.label,
        ))
    for attribute in ["repo_tags", "repo_tags_file"]:
        if several and getattr(ctx.attr, attribute):
            fail(_NAMED_TWICE.format(attribute = attribute, label = ctx.label))
    tags = expand(ctx, "repo_tags", ctx.attr.repo_tags)
    images = {name: expand(ctx, "images", name) for name in ctx.attr.images}
    files = [ctx.file.repo_tags_file] if ctx.file.repo_tags_file else []
    return struct(
        files = files,
        images = images,
        stamped = bool(files or [name for name in tags + images.values() if "{" in name]),
        tags = tags,
    )

def named_roots(names, contents):
    """Returns the roots of several images.

    Args:
      names: The names as returned by image_names.
      contents: dict from the key of the attribute images to the contents of the image, as returned by contents.bzl.

    Returns:
      list of structs of name and root, the File with the descriptor.
    """
    return [struct(name = names.images[key], root = each.root) for key, each in contents.items()]
