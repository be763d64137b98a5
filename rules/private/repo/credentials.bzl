"""The user's credentials for registries: from netrc, then from the files of docker and podman.

Credential helpers in these files are not used, because a repository rule cannot communicate with them. Bazel itself runs the
program in --credential_helper, whose result takes precedence.
"""

load("@bazel_tools//tools/build_defs/repo:utils.bzl", "read_netrc")

visibility(["//rules/..."])

_DOCKER_HUB = ["index.docker.io", "registry-1.docker.io"]

def credential_for(ctx, registry, repository):
    """Returns the credential for a repository.

    Args:
      ctx: repository_ctx.
      registry: Name of the registry, as in references.
      repository: Name of the repository.

    Returns:
      A value for the parameter `auth` of ctx.download, or None.
    """
    netrc = _netrc(ctx)
    for host in [registry, registry.partition(":")[0]] + (_DOCKER_HUB if registry == "docker.io" else []):
        if host in netrc:
            return {"type": "basic", "login": netrc[host].get("login", ""), "password": netrc[host].get("password", "")}
    paths = [ctx.path(path) for path in _files(ctx)]
    files = [json.decode(ctx.read(path, watch = "no"), default = {}).get("auths") or {} for path in paths if path.exists]
    return credential_in(files, registry, repository)

def credential_in(files, registry, repository):
    """Returns the credential for a repository from files, like tools/internal/registry/auth.

    Args:
      files: The values of "auths" in the files, in order of precedence.
      registry: Name of the registry.
      repository: Name of the repository.

    Returns:
      A value for the parameter `auth` of ctx.download, or None.
    """
    for auths in files:
        for entry in _entries(auths, registry, repository):
            if entry.get("auth"):
                return {"type": "pattern", "pattern": "Basic <password>", "password": entry["auth"]}
            if entry.get("username"):
                return {"type": "basic", "login": entry["username"], "password": entry.get("password", "")}
    return None

def _netrc(ctx):
    """Returns the entries of $NETRC, which defaults to ~/.netrc: dict from host to a dict of login and password."""
    home = ctx.os.environ.get("HOME") or ctx.os.environ.get("USERPROFILE", "")
    path = ctx.path(ctx.os.environ.get("NETRC") or home + "/.netrc")
    return read_netrc(ctx, path) if path.exists else {}

def _files(ctx):
    """Returns the files in the order of tools/internal/registry/auth."""
    env = ctx.os.environ
    home = env.get("HOME") or env.get("USERPROFILE")
    files = [env.get("REGISTRY_AUTH_FILE")]
    if env.get("XDG_RUNTIME_DIR"):
        files.append(env["XDG_RUNTIME_DIR"] + "/containers/auth.json")
    elif "windows" not in ctx.os.name:
        files.append("/run/containers/%s/auth.json" % ctx.execute(["id", "-u"]).stdout.strip())
    config = env.get("XDG_CONFIG_HOME") or (home and home + "/.config")
    docker = env.get("DOCKER_CONFIG") or (home and home + "/.docker")
    files.append(config and config + "/containers/auth.json")
    files.append(docker and docker + "/config.json")
    return [file for file in files if file]

def _entries(auths, registry, repository):
    """Returns the entries for registry/repository: longer prefixes first, and the exact spelling before others."""
    parts = repository.split("/")
    found = []
    for length in range(len(parts), -1, -1):
        name = "/".join([registry] + parts[:length])
        others = [key for key in sorted(auths) if key != name and _normalise(key) == name]
        found += [auths[key] for key in [name] + others if auths.get(key)]
    return found

def _normalise(key):
    """Returns the name that a key represents. A URL represents its host."""
    is_url = "://" in key
    host, _, path = key.partition("://")[2 if is_url else 0].removesuffix("/").partition("/")
    if host in _DOCKER_HUB:
        host = "docker.io"
    return host if is_url or path in ["", "v1", "v2"] else host + "/" + path
