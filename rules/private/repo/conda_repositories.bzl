"""The repositories of Conda environments and of the packages' archives."""

load("@bazel_tools//tools/build_defs/repo:utils.bzl", "get_auth")
load(":build_file.bzl", "constraints_of")
load(":conda_records.bzl", "LINUX")

visibility(["//rules/..."])

_ADVICE = """package %s: the downloads of %s have failed; the warnings above give the reasons
hint: a channel with a password takes netrc or Bazel's --credential_helper, and mirrors or --downloader_config name other \
servers; if the channel has removed the package, lock again"""

def _load(*symbols):
    return "load(%r, %s)" % (str(Label("//rules:conda_locked.bzl")), ", ".join([repr(symbol) for symbol in symbols]))

def _call(function, attrs):
    return "%s(\n%s)" % (function, "".join(["    %s = %r,\n" % item for item in attrs.items()]))

_PUBLIC = "package(default_visibility = [\"//visibility:public\"])"

def _archive_impl(ctx):
    name = "package.conda" if ctx.attr.url.endswith(".conda") else "package.tar.bz2"
    urls = ctx.attr.urls
    if ctx.attr.file:
        # Not a copy: a download compares the hash. On Windows, a path begins with a letter.
        urls = ["file:///" + str(ctx.path(ctx.attr.file)).removeprefix("/")] + urls
    if not ctx.download(urls, name, sha256 = ctx.attr.sha256, allow_fail = True, auth = get_auth(ctx, urls)).success:
        fail(_ADVICE % (ctx.attr.package, ", ".join(urls)))
    rule = "conda_noarch_package" if ctx.attr.noarch else "conda_package"
    lines = [
        _load(rule, "conda_python"),
        _PUBLIC,
        _call(rule, {"name": "package", "archive": name, "package": ctx.attr.package, "url": ctx.attr.url}),
    ]
    if ctx.attr.package == "python":
        lines.append(_call("conda_python", {"name": "python", "archive": name}))
    ctx.file("BUILD.bazel", "\n\n".join(lines) + "\n")

conda_archive = repository_rule(
    doc = "The archive of one Conda package.",
    implementation = _archive_impl,
    attrs = {
        "file": attr.label(doc = "The archive in the source tree, if it is there."),
        "noarch": attr.bool(doc = "Whether the package is for all platforms."),
        "package": attr.string(mandatory = True, doc = "The package's name."),
        "sha256": attr.string(mandatory = True, doc = "The archive's hash."),
        "url": attr.string(mandatory = True, doc = "The URL in the lock file."),
        "urls": attr.string_list(mandatory = True, doc = "All URLs, in order of preference."),
    },
)

def conda_build_file(name, platforms):
    """Returns the BUILD file of an environment.

    Args:
      name: Name of the environment.
      platforms: What environment_attrs returned.

    Returns:
      The text.
    """
    lines = [_load("conda_environment"), _PUBLIC]
    choices, seen = {}, {}
    for platform, encoded in platforms.items():
        attrs = json.decode(encoded)
        subdir = attrs.pop("subdir")
        lines.append(_call("conda_environment", {"name": platform, "environment": name} | attrs))
        if subdir not in seen:
            seen[subdir] = None
            choices[":is_" + platform] = ":" + platform
            constraints = constraints_of(LINUX[subdir])
            lines.append(_call("config_setting", {"name": "is_" + platform, "constraint_values": constraints}))
    problem = "Conda environment @%s: the lock file is not read for the platform that is built for, only for %s. Add it to the \
lock file and, if set, to the attribute platforms, or choose a platform with --platforms." % (name, ", ".join(platforms))
    lines.append(_call("alias", {"name": name}).removesuffix(")") +
                 "    actual = select(%r, no_match_error = %r),\n)" % (choices, problem))
    return "\n\n".join(lines) + "\n"

def _environment_impl(ctx):
    ctx.file("BUILD.bazel", conda_build_file(ctx.attr.environment, ctx.attr.platforms))

conda_environment_repository = repository_rule(
    doc = "A Conda environment, with a target for each platform. Makes no network requests.",
    implementation = _environment_impl,
    attrs = {
        "environment": attr.string(mandatory = True, doc = "Name of the environment."),
        "platforms": attr.string_dict(mandatory = True, doc = "Attributes of conda_environment as JSON, by platform."),
    },
)

def _pythons_impl(ctx):
    ctx.file("BUILD.bazel", "\n\n".join([_PUBLIC] + [
        _call("alias", {"name": target, "actual": "@%s//:python" % archive})
        for target, archive in ctx.attr.pythons.items()
    ]) + "\n")

conda_pythons_repository = repository_rule(
    doc = "The Pythons of environments, by their minor versions and platforms.",
    implementation = _pythons_impl,
    attrs = {
        "pythons": attr.string_dict(mandatory = True, doc = "Targets -> repositories of archives."),
    },
)
