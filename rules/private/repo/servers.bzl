"""The servers to which a lock file may send credentials.

A change to one line of a generated file must not be able to redirect a registry's password to another server.

The Go package lockfile applies the same rules; //rules/tests:contract.bzl has cases for both.
"""

visibility(["//rules/..."])

# The environment variable that lists additional servers that a lock file may name.
TRUST_VARIABLE = "STRATA_TRUSTED_SERVERS"

_SECOND_LEVEL = ["ac", "co", "com", "edu", "gov", "ne", "net", "or", "org"]

def server_problem(name, how, trusted):
    """Checks the servers that a lock file names for a registry.

    Args:
      name: Name of the registry.
      how: dict of its `url` and, if it requires authentication, its `auth`.
      trusted: list of additional permitted servers: "https://HOST[:PORT]" or "http://HOST[:PORT]".

    Returns:
      An error message, or None.
    """
    trusted = [server.lower().removesuffix("/") for server in trusted]
    host = api_host(name)
    own = _hostname(host)
    plain = "http://" + host
    if how["url"] == plain:
        if not _is_loopback(own) and plain.lower() not in trusted:
            return "the url %s of the registry %s is without TLS" % (plain, name) + _allow(plain)
    elif how["url"] != "https://" + host:
        return "the url of the registry %s is %s, expected https://%s" % (name, how["url"], host)
    auth = how.get("auth") or {}
    if auth.get("scheme") != "bearer":
        return None
    scheme, separator, rest = auth["realm"].partition("://")
    realm_host = _until(rest, "/?#").lower()
    origin = scheme.lower() + "://" + realm_host
    is_address = separator and scheme.lower() in ["https", "http"] and realm_host
    if not is_address or _has_any(realm_host, "@\\ \t%") or _has_bad_port(realm_host):
        return "the realm %s of the registry %s is not an http(s) address" % (auth["realm"], name)
    if origin in trusted:
        return None
    realm = _hostname(realm_host)
    if not _same_domain(own, realm):
        return "the realm %s of the registry %s is neither at its host nor in its domain" % (auth["realm"], name) + _allow(origin)
    if scheme.lower() == "http" and not (_is_loopback(realm) and how["url"] == plain):
        return "the realm %s of the registry %s is without TLS" % (auth["realm"], name) + _allow(origin)
    return None

def api_host(registry):
    """Returns the host and port of a registry's API. Except for Docker Hub, this is the registry's name."""
    return "registry-1.docker.io" if registry == "docker.io" else registry

def trusted_servers(ctx):
    """Returns the additional servers that the user trusts.

    Args:
      ctx: repository_ctx.
    """
    return (ctx.getenv(TRUST_VARIABLE) or "").replace(",", " ").split(" ")

def _allow(origin):
    return "; if that is right, --repo_env=%s=%s allows it" % (TRUST_VARIABLE, origin)

def _until(text, characters):
    for character in characters.elems():
        text = text.partition(character)[0]
    return text

def _has_any(text, characters):
    return any([character in text for character in characters.elems()])

def _hostname(host):
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()

def _has_bad_port(host):
    port = host.rpartition("]")[2].partition(":")[2]
    return bool(port) and not port.isdigit()

def _is_address(host):
    """Returns whether a host is an IP address. "127.1", which some resolvers accept as one, is not."""
    numbers = host.split(".")
    return ":" in host or len(numbers) == 4 and all([number.isdigit() and int(number) < 256 for number in numbers])

def _is_loopback(host):
    return host in ["localhost", "::1"] or _is_address(host) and host.startswith("127.")

def _is_shared(domain):
    """Returns whether third parties can register names in a domain: a top-level domain, or one like "co.uk"."""
    labels = domain.split(".")
    return len(labels) == 1 or len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _SECOND_LEVEL

def _same_domain(registry, realm):
    """Returns whether a token server's host is the registry's host, a subdomain of it, or in the same parent domain."""
    if realm == registry:
        return True
    if _is_address(registry) or realm.endswith("."):
        return False
    if realm.endswith("." + registry):
        return True
    parent = registry.partition(".")[2]
    return not _is_shared(parent) and (realm == parent or realm.endswith("." + parent))
