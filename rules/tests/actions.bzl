"""Helpers for analysis tests of actions."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")

visibility("private")

def actions_of(actions, mnemonic):
    """Returns the actions with the mnemonic."""
    return [action for action in actions if action.mnemonic == mnemonic]

def only(env, mnemonic):
    """Returns the only action of the target under test with the mnemonic. Fails the test if there are none or several."""
    found = actions_of(analysistest.target_actions(env), mnemonic)
    asserts.equals(env, 1, len(found), "number of %s actions" % mnemonic)
    return found[0]

def input_names(action):
    """Returns the base names of an action's inputs, sorted, without the tools."""
    return sorted([
        file.basename
        for file in action.inputs.to_list()
        if "/tools/" not in file.path and "/_middlemen/" not in file.path
    ])

def flags(action, name):
    """Returns the values of a flag on an action's command line, without the output directories."""
    prefix = "--" + name + "="
    return [short(arg[len(prefix):]) for arg in action.argv if arg.startswith(prefix)]

def short(value):
    """Replaces "bazel-out/CONFIG/bin/" in a flag's value by "BIN/"."""
    parts = value.split("bazel-out/")
    return parts[0] + "".join(["BIN/" + part.split("/bin/", 1)[-1] for part in parts[1:]])

def written_arguments(env):
    """Returns the arguments that the target under test writes to its NAME.args. None may contain a line feed."""
    return [
        line[1:-1].replace("'\\''", "'") if line.startswith("'") else line
        for line in only(env, "FileWrite").content.splitlines()
    ]

MnemonicsInfo = provider(
    doc = "The actions that build a target.",
    fields = {"actions": "(depset[Action]) The actions of the target, its layers, images and bases."},
)

def _collect_impl(target, ctx):
    below = []
    for name in ["base", "image", "images", "layers"]:
        value = getattr(ctx.rule.attr, name, None)
        for dep in value if type(value) == "list" else [value]:
            if dep and MnemonicsInfo in dep:
                below.append(dep[MnemonicsInfo].actions)
    return [MnemonicsInfo(actions = depset(target.actions, transitive = below))]

collect_actions = aspect(
    doc = "Collects the actions of an image and of its layers.",
    implementation = _collect_impl,
    attr_aspects = ["base", "image", "images", "layers"],
)
