"""Finds the inputs of a layer that are symlinks themselves, declared with ctx.actions.declare_symlink.

On disk, they look like the links through which Bazel presents other inputs. From Bazel 8 on, a File has a field for this. In
earlier versions, only the action that creates the symlink shows it, so an aspect looks for such actions.
"""

visibility(["//rules/..."])

DeclaredLinksInfo = provider(
    doc = "The declared symlinks of a target and its dependencies.",
    fields = {"links": "(depset[File]) Outputs of ctx.actions.symlink(target_path = ...)."},
)

# Bazel's name for the action of ctx.actions.symlink(target_path = ...).
_MNEMONIC = "UnresolvedSymlink"

_NONE = DeclaredLinksInfo(links = depset())

def _found_in(values, found):
    for value in values:
        if type(value) == "Target" and DeclaredLinksInfo in value:
            found[value[DeclaredLinksInfo]] = None

def _impl(target, ctx):
    below = {}
    for name in dir(ctx.rule.attr):
        value = getattr(ctx.rule.attr, name)
        if type(value) == "dict":
            _found_in(value.keys(), below)
            _found_in(value.values(), below)
        else:
            _found_in(value if type(value) == "list" else [value], below)
    own = [action.outputs for action in getattr(target, "actions", []) if action.mnemonic == _MNEMONIC]
    below = [info for info in below if info != _NONE]
    if not own and len(below) < 2:
        return below or [_NONE]
    return [DeclaredLinksInfo(links = depset(transitive = own + [info.links for info in below]))]

declared_links = aspect(
    doc = "Collects declared symlinks.",
    implementation = _impl,
    apply_to_generating_rules = True,
    attr_aspects = ["*"],
)

def links_of(targets):
    """Returns a depset of the declared symlinks of Targets that the aspect has visited."""
    return depset(transitive = [
        target[DeclaredLinksInfo].links
        for target in targets
        if DeclaredLinksInfo in target  # aspects do not visit source files
    ])

def add_links(args, links, inputs):
    """Adds flags for inputs that are symlinks.

    Args:
      args: Args to add flags to.
      links: depset or list of Files that are declared symlinks. They need not be inputs.
      inputs: depset of all inputs.
    """
    args.add_all(inputs, map_each = _declared, expand_directories = False)
    args.add_all(links, format_each = "--declared-symlink=%s", expand_directories = False)

def _declared(file):
    return "--declared-symlink=" + file.path if getattr(file, "is_symlink", False) else None
