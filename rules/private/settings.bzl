"""The settings of an image: attributes here, mkconfig's --settings in the tools (Go: tools/internal/image)."""

load(":expand.bzl", "expand")

visibility(["//rules/..."])

_PAIRS_FILE = """File with more `{attribute}`: lines of the form `KEY=VALUE`, or a JSON object of strings. `{attribute}` takes
precedence. Values may contain variables like `{{{{STABLE_NAME}}}}` and are otherwise verbatim. See docs/images.md."""

_FILE_INSTEAD = """File that replaces `{attribute}`: {form}. See docs/images.md."""

def pairs_file(attribute):
    """Returns the attribute for a file that adds to a dict of strings (Go: tools/internal/cli/pairs).

    Args:
      attribute: Name of the attribute with the dict.

    Returns:
      An attribute.
    """
    return attr.label(
        doc = _PAIRS_FILE.format(attribute = attribute),
        allow_single_file = True,
    )

def _file_instead(attribute, form):
    return attr.label(
        doc = _FILE_INSTEAD.format(attribute = attribute, form = form),
        allow_single_file = True,
    )

# Settings that are not literals.
SETTING_FILE_ATTRS = {
    "cmd_file": _file_instead("cmd", "one argument per line, or a JSON list of strings"),
    "created_file": _file_instead("created", "one line, which may contain variables like `{{STABLE_NAME}}`"),
    "entrypoint_file": _file_instead("entrypoint", "one argument per line, or a JSON list of strings"),
    "env_file": pairs_file("env"),
    "labels_file": pairs_file("labels"),
}

# What the expansion of an attribute in Make variables can refer to.
DATA_ATTR = {
    "data": attr.label_list(
        doc = """Targets whose runfiles paths settings may contain, as `$(rootpath LABEL)` or `$(rlocationpath LABEL)`. They
are not added to the image.""",
        allow_files = True,
    ),
}

SETTING_ATTRS = {
    "allow_any_architecture": attr.bool(
        doc = """Allow layers whose ELF programs are all for a different architecture than the image, for example because
they run in an emulator or not at all. By default, this is an error. docs/layers.md describes the check.""",
    ),
    "allow_missing_interpreter": attr.bool(
        doc = """Allow a program whose interpreter (`#!` or dynamic loader) is not in the image, for example because it is
mounted when the container runs. By default, this is an error if all layers are known. docs/languages.md describes the check.""",
    ),
    "append_cmd": attr.string_list(
        doc = "Arguments to add to the base's `cmd`.",
    ),
    "append_entrypoint": attr.string_list(
        doc = "Arguments to add to the base's `entrypoint`. The base's `cmd` is kept.",
    ),
    "architecture": attr.string(
        doc = "CPU architecture as a GOARCH value, like `arm64`. Only without a base. Defaults to that of the target platform.",
    ),
    "author": attr.string(
        doc = "Name and address of the person or organization responsible for the image.",
    ),
    "clear": attr.string_list(
        doc = """Settings of the base that are not inherited, by attribute name, like `[\"env\", \"cmd\"]`.

Use this to remove an inherited `cmd`, for example: an empty attribute inherits it.""",
    ),
    "cmd": attr.string_list(
        doc = "Arguments of the entrypoint, or the command if there is no entrypoint. Stored unchanged, including empty ones.",
    ),
    "created": attr.string(
        doc = """Creation time in the config: a time like `2025-01-31T12:00:00Z`, or seconds since 1970. May contain variables,
like `{{STABLE_COMMIT_TIME}}`. Defaults to 1970-01-01T00:00:00Z.""",
    ),
    "entrypoint": attr.string_list(
        doc = "The program to run and its first arguments. As in a Dockerfile, setting it removes an inherited `cmd`.",
    ),
    "env": attr.string_dict(
        doc = """Environment variables. They are added to those of the base and replace those with the same name. `${NAME}` is
the value that the base or a layer sets, as in `"PATH": "/app/bin:${PATH}"`; a variable that neither sets is an error. Write
`$$` for a `$`. `$NAME` would not be expanded and is an error. Values may contain variables like `{{STABLE_NAME}}`.""",
    ),
    "exposed_ports": attr.string_list(
        doc = "Ports that the container listens on, like `8080` or `53/udp`. Defaults to tcp. Added to those of the base.",
    ),
    "healthcheck": attr.string_list(
        doc = """Command that checks the container's health, like `["CMD", "/app/server", "--check"]` or `["CMD-SHELL", "curl
localhost"]`. Replaces the base's health check and all its settings; `["NONE"]` disables it. Not part of image-spec: Docker
and Podman use it, other engines ignore it.""",
    ),
    "healthcheck_interval": attr.string(
        doc = """Time between health checks, like `30s` or `1m30s`. If this or another health check setting is unset, the
engine's default applies.""",
    ),
    "healthcheck_retries": attr.int(
        doc = "Number of consecutive failures after which the container is unhealthy.",
    ),
    "healthcheck_start_interval": attr.string(
        doc = "Time between health checks during the start period. Requires Docker 25 or later.",
    ),
    "healthcheck_start_period": attr.string(
        doc = "Time after the container starts during which failures do not count.",
    ),
    "healthcheck_timeout": attr.string(
        doc = "Time after which a running health check is considered failed.",
    ),
    "labels": attr.string_dict(
        doc = """Labels in the config. They are added to those of the base and replace those with the same name. Values may
contain variables like `{{STABLE_NAME}}`.""",
    ),
    "os": attr.string(
        doc = "Operating system as a GOOS value, like `linux`. Only without a base. Defaults to that of the target platform.",
    ),
    "os_features": attr.string_list(
        doc = "Operating system features that the image requires. Used on Windows.",
    ),
    "os_version": attr.string(
        doc = "Operating system version that the image requires. Used on Windows.",
    ),
    "shell": attr.string_list(
        doc = "Shell that Docker uses for commands given as a string, like `[\"/bin/sh\", \"-c\"]`. Not part of image-spec.",
    ),
    "stop_signal": attr.string(
        doc = "Signal that stops the container, like `SIGTERM`.",
    ),
    "unset_env": attr.string_list(
        doc = """Environment variables of the base that are not inherited, by name. A name that the base does not have is an
error. See `clear` for all of them.""",
    ),
    "unset_labels": attr.string_list(
        doc = "Labels of the base that are not inherited, by key. A key that the base does not have is an error.",
    ),
    "user": attr.string(
        doc = """User that the program runs as: `USER`, `UID`, `USER:GROUP` or `UID:GID`. A name that the layers and the base certainly
do not have is an error; see docs/base-from-scratch.md.""",
    ),
    "variant": attr.string(
        doc = "CPU variant, like `v7` for arm. Defaults to that of the target platform or of the base, whichever is higher.",
    ),
    "volumes": attr.string_list(
        doc = "Directories to use as volumes. Added to those of the base.",
    ),
    "workdir": attr.string(
        doc = "Working directory of the program.",
    ),
}

# The attributes in which Make variables are expanded.
_EXPANDED = ["append_cmd", "append_entrypoint", "cmd", "created", "entrypoint", "env", "labels"]

_SET_TWICE = "{label}: set either {attribute} or {attribute}_file; both are set"

def settings_of(ctx, platform):
    """Returns mkconfig's settings: all attributes that are set.

    Args:
      ctx: The rule's context. The rule must have SETTING_ATTRS, SETTING_FILE_ATTRS and DATA_ATTR.
      platform: dict with the default os, architecture and variant.

    Returns:
      dict to be encoded as JSON.
    """
    attr = ctx.attr
    settings = dict(platform)
    if attr.architecture:
        # A variant belongs to an architecture, so the platform's variant does not apply to a different one.
        settings.pop("variant", None)
    for name in SETTING_ATTRS:
        value = getattr(attr, name)
        if value:
            # mkconfig expands the dollars of env.
            settings[name] = expand(ctx, name, value, attr.data, keep_dollars = name == "env") if name in _EXPANDED else value
    for name in ["cmd", "created", "entrypoint"]:
        if name in settings and getattr(ctx.file, name + "_file"):
            fail(_SET_TWICE.format(attribute = name, label = ctx.label))
    return settings

_FLAGS_OF_FILES = {name.replace("_", "-"): name for name in SETTING_FILE_ATTRS}

def setting_files(ctx):
    """Returns a dict from mkconfig's flag to the File, for those of SETTING_FILE_ATTRS that are set."""
    return {flag: getattr(ctx.file, name) for flag, name in _FLAGS_OF_FILES.items() if getattr(ctx.file, name)}

def stamped_texts(settings):
    """Returns the strings in settings that may contain variables of the workspace status."""
    return settings.get("env", {}).values() + settings.get("labels", {}).values() + [settings.get("created", "")]

def stamped_files(files):
    """Returns the Files of setting_files that may contain variables of the workspace status."""
    return [files[flag] for flag in ["created-file", "env-file", "labels-file"] if flag in files]
