"""The settings of an image: attributes on this side, mkconfig's --settings on the other (Go: tools/internal/image)."""

visibility(["//rules/..."])

SETTING_ATTRS = {
    "allow_any_architecture": attr.bool(
        doc = """Allow layers whose programs (ELF) are all for another architecture than the image's, which is an error
otherwise: for what an emulator runs, or nothing does. docs/layers.md says what is compared.""",
    ),
    "architecture": attr.string(
        doc = "CPU in the words of GOARCH, like `arm64`. Only for images from scratch; unset means the target platform's.",
    ),
    "author": attr.string(
        doc = "Name and address of the person or body that answers for the image.",
    ),
    "clear": attr.string_list(
        doc = """Settings of the base to drop before this image's own are applied, by attribute name: `[\"env\", \"cmd\"]`.

This is how to have no `cmd` at all, where an empty attribute would inherit one.""",
    ),
    "cmd": attr.string_list(
        doc = "Arguments of the entrypoint, or the command if there is none. Each is kept as it is, empty ones too.",
    ),
    "created": attr.string(
        doc = "Time that the image says it was made, like `2025-01-31T12:00:00Z`. 1970-01-01T00:00:00Z if unset.",
    ),
    "entrypoint": attr.string_list(
        doc = "The program to run and its first arguments. Setting it drops an inherited `cmd`, as in a Dockerfile.",
    ),
    "env": attr.string_dict(
        doc = """Environment variables. They are added to the base's, and replace those of the same name. A value is text: nothing
expands `$NAME`, `${NAME}` or `$(NAME)`, and so they are errors. `$$` stands for a `$`.""",
    ),
    "exposed_ports": attr.string_list(
        doc = "Ports that the container listens on, like `8080` or `53/udp`; tcp if not said. Added to the base's.",
    ),
    "healthcheck": attr.string_list(
        doc = """The command that checks the container's health, like `["CMD", "/app/server", "--check"]` or `["CMD-SHELL", "curl
localhost"]`; `["NONE"]` disables the base's. It replaces the base's check with all of its settings. Not part of image-spec:
Docker and Podman read it, others ignore it.""",
    ),
    "healthcheck_interval": attr.string(
        doc = "Time between two health checks, like `30s` or `1m30s`. Unset means the engine's default, as for all settings of the check.",
    ),
    "healthcheck_retries": attr.int(
        doc = "Failures in a row after which the container is unhealthy.",
    ),
    "healthcheck_start_interval": attr.string(
        doc = "Time between two health checks during the start period, for Docker 25 and later.",
    ),
    "healthcheck_start_period": attr.string(
        doc = "Time after the container's start during which failures are not counted.",
    ),
    "healthcheck_timeout": attr.string(
        doc = "Time after which a health check that is still running has failed.",
    ),
    "labels": attr.string_dict(
        doc = "Labels of the config. They are added to the base's, and replace those of the same name.",
    ),
    "os": attr.string(
        doc = "Operating system in the words of GOOS, like `linux`. Only for images from scratch; unset means the target platform's.",
    ),
    "os_features": attr.string_list(
        doc = "Features of the operating system that the image needs; used on Windows.",
    ),
    "os_version": attr.string(
        doc = "Version of the operating system that the image needs; used on Windows.",
    ),
    "shell": attr.string_list(
        doc = "Docker's shell for commands given as one string, like `[\"/bin/sh\", \"-c\"]`. Not part of image-spec.",
    ),
    "stop_signal": attr.string(
        doc = "Signal that ends the container, like `SIGTERM`.",
    ),
    "user": attr.string(
        doc = "Who the program runs as: `USER`, `UID`, `USER:GROUP` or `UID:GID`.",
    ),
    "variant": attr.string(
        doc = "Variant of the CPU, like `v7` for arm. Only for images from scratch; unset means the target platform's.",
    ),
    "volumes": attr.string_list(
        doc = "Directories that are meant to be volumes. Added to the base's.",
    ),
    "workdir": attr.string(
        doc = "The directory that the program starts in.",
    ),
}

_REFERENCE = """{label}: env: {key} = {value}: "{reference}" would not be expanded, neither to a variable of the base nor to one of the build
hint: write the value itself, or "$$" for a "$" that is part of it"""

def _plain(label, key, value):
    """Returns the value of a variable with "$" for each "$$". A value that refers to a variable is refused."""
    parts = value.split("$$")
    for part in parts:
        for after in part.split("$")[1:]:
            if after[:1].isalpha() or after[:1] in ["_", "{", "("]:
                fail(_REFERENCE.format(key = key, label = label, reference = _reference(after), value = repr(value)))
    return "$".join(parts)

def _reference(after):
    """Returns what refers to a variable: "$" and what belongs to it of the text after that."""
    end = {"(": ")", "{": "}"}.get(after[0])
    if end:
        return "$" + after.partition(end)[0] + end
    length = len(after)
    for i in range(len(after)):
        if not (after[i].isalnum() or after[i] == "_"):
            length = i
            break
    return "$" + after[:length]

def settings_of(label, attr, platform):
    """Returns mkconfig's settings: all attributes that are set, nothing for those that are not.

    Args:
      label: The rule's label, for messages.
      attr: The rule's attributes, with SETTING_ATTRS among them.
      platform: dict with the os, architecture and variant to take where the attributes do not say.

    Returns:
      dict to be encoded as JSON.
    """
    settings = dict(platform)
    if attr.architecture:
        # A variant belongs to an architecture: the platform's does not go with another.
        settings.pop("variant", None)
    for name in SETTING_ATTRS:
        value = getattr(attr, name)
        if value:
            settings[name] = value
    if attr.env:
        settings["env"] = {key: _plain(label, key, value) for key, value in attr.env.items()}
    return settings
