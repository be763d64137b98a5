"""How a program is started: its arguments and its environment, as its target states them for `bazel run`."""

visibility(["//rules/..."])

# Stands for the program's runfiles directory, whose path only the layers' rule determines. Arguments and variables cannot
# contain NUL bytes.
_RUNFILES = "\0runfiles/"

_BUILD_PATH = """{attribute} of {target} contains $({function} {operand}), a path of the machine that builds the image.
Use $(rootpath ...) or $(rlocationpath ...) there, or state {instead} in the image."""

_LEFT_OUT = """{attribute} of {target} contains the path of a runfile, but runfiles = False leaves the runfiles out.
State {instead} in the image."""

StartInfo = provider(
    doc = "How a program is started. Paths of runfiles start with a placeholder.",
    fields = {
        "args": "(list[str]) The arguments.",
        "env": "(dict[str, str]) The environment variables.",
        "problem": "(str) Why this cannot be used, or an empty string.",
        "target": "(Label) The program's target.",
    },
)

LaunchInfo = provider(
    doc = "The program that an image runs.",
    fields = {
        "args": "(tuple[str]) The arguments.",
        "env": "(dict[str, str]) The environment variables.",
        "path": "(str) The program's path in the image.",
        "problem": "(str) Why args and env cannot be used, or an empty string.",
    },
)

def tokenize(text):
    """Splits an argument into words as Bazel does it for `args`: like a Bourne shell, but without any expansion.

    Args:
      text: The argument.

    Returns:
      list of the words.
    """
    words, word, quote, escaped = [], None, "", False
    for character in text.elems():
        if escaped:
            # In double quotes, a backslash escapes only these two.
            word += character if not quote or character in "\"\\" else "\\" + character
            escaped = False
        elif quote != "'" and character == "\\":
            word, escaped = word or "", True
        elif quote:
            if character == quote:
                quote = ""
            else:
                word += character
        elif character in "'\"":
            word, quote = word or "", character
        elif character in " \t":
            if word != None:
                words.append(word)
            word = None
        else:
            word = (word or "") + character
    return words + ([word] if word != None else [])

# For each function, the one whose paths are relative to the runfiles directory. Those of $(location) are those of
# $(rootpath) in `args` and `env`.
_PLACES = {
    "location": "rlocationpath",
    "locations": "rlocationpaths",
    "rootpath": "rlocationpath",
    "rootpaths": "rlocationpaths",
}

# Their paths are meant for a runfiles library.
_VERBATIM = ["rlocationpath", "rlocationpaths"]

_BUILD_PATHS = ["execpath", "execpaths"]

# Executable rules that are not written in Starlark have no RunEnvironmentInfo. Bazel 8 has none of them.
_NATIVE = ["sh_binary", "sh_test"]

def expand(text, locate, variables):
    """Expands Make variables and locations.

    Args:
      text: The text.
      locate: Function that expands `$(FUNCTION LABEL)`.
      variables: dict of the Make variables.

    Returns:
      The text, and the functions in it with paths of the build machine, as a list of pairs of function and label.
    """
    out, rest, problems = "", text, []
    for _ in range(len(text)):
        before, dollar, rest = rest.partition("$")
        out += before
        if not dollar:
            break
        if rest.startswith("$"):
            out, rest = out + "$", rest[1:]
            continue
        if not rest.startswith("("):
            name, rest = rest[:1], rest[1:]
            out += variables.get(name, "$" + name)
            continue
        inside, _, rest = rest[1:].partition(")")
        function, _, operand = inside.partition(" ")
        if function in _BUILD_PATHS:
            problems.append((function, operand))
        elif function in _VERBATIM:
            out += locate(function, operand)
        elif function in _PLACES:
            out += " ".join([_RUNFILES + path for path in locate(_PLACES[function], operand).split(" ")])
        else:
            out += variables.get(inside, "$(" + inside + ")")
    return out, problems

def _variables(ctx):
    found = dict(ctx.var)
    for toolchain in getattr(ctx.rule.attr, "toolchains", None) or []:
        if platform_common.TemplateVariableInfo in toolchain:
            found.update(toolchain[platform_common.TemplateVariableInfo].variables)
    return found

def _named_files(attr):
    """Returns the targets whose files `args` and `env` may name, as a list."""
    named = {}
    for attribute in ["data", "deps", "srcs", "tools"]:
        value = getattr(attr, attribute, None)
        for dep in (value if type(value) == "list" else []):
            if type(dep) == "Target":
                named[dep] = None
    return named.keys()

def _environment(target, rule):
    """Returns two dicts: the variables with final values, and those to expand."""
    stated = getattr(rule.attr, "env", None)
    stated = stated if type(stated) == "dict" else {}
    if RunEnvironmentInfo not in target:
        return {}, (stated if rule.kind in _NATIVE else {})
    final, raw = {}, {}
    for name, value in target[RunEnvironmentInfo].environment.items():
        # The provider has paths relative to a working directory that the image need not have.
        text = stated.get(name)
        if type(text) == "string" and [place for place in _PLACES.keys() + _BUILD_PATHS if "$(" + place + " " in text]:
            raw[name] = text
        else:
            final[name] = value
    return final, raw

def _launch_impl(target, ctx):
    variables = _variables(ctx)
    named = _named_files(ctx.rule.attr)
    problems = []

    def expanded(text, attribute, instead):
        text, build_paths = expand(
            text,
            lambda function, operand: ctx.expand_location("$(%s %s)" % (function, operand), named),
            variables,
        )
        problems.extend([
            _BUILD_PATH.format(
                attribute = attribute,
                function = function,
                instead = instead,
                operand = operand,
                target = target.label,
            )
            for function, operand in build_paths
        ])
        return text

    args = getattr(ctx.rule.attr, "args", None)
    words = []
    for arg in (args if type(args) == "list" else []):
        words += tokenize(expanded(arg, "args", "entrypoint and cmd"))
    env, raw = _environment(target, ctx.rule)
    for name, text in raw.items():
        env[name] = expanded(text, "env", "the variable " + name)
    return [StartInfo(args = words, env = env, problem = "\n".join(problems), target = target.label)]

launch = aspect(
    doc = "Collects the arguments and the environment of a program.",
    implementation = _launch_impl,
)

def launch_of(target, path, runfiles):
    """Returns how an image runs a program.

    Args:
      target: The program, a Target with the aspect launch.
      path: Its path in the image.
      runfiles: Whether its runfiles are in the image.

    Returns:
      LaunchInfo.
    """
    start = target[StartInfo]
    problem = start.problem
    if not runfiles:
        for attribute, values, instead in [
            ("args", start.args, "entrypoint and cmd"),
            ("env", start.env.values(), "env"),
        ]:
            if [value for value in values if _RUNFILES in value]:
                problem = _LEFT_OUT.format(attribute = attribute, instead = instead, target = start.target)
    place = path + ".runfiles/"
    return LaunchInfo(
        args = tuple([word.replace(_RUNFILES, place) for word in start.args]),
        env = {name: value.replace(_RUNFILES, place) for name, value in start.env.items()},
        path = path,
        problem = problem,
    )

_UNUSABLE = """{label}: attribute program: {problem}"""

def program_setting(ctx):
    """Returns the setting of mkconfig for the program of an image.

    Args:
      ctx: The rule's context. The rule must have the attribute `program`.

    Returns:
      dict with the setting `program`, or an empty dict if the image states no program.
    """
    if not ctx.attr.program:
        return {}
    info = ctx.attr.program[0][LaunchInfo]  # a list, because of the transition
    if info.problem:
        fail(_UNUSABLE.format(label = ctx.label, problem = info.problem))
    return {"program": {"args": info.args, "env": info.env, "path": info.path}}
