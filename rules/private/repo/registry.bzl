"""Fetches from registries through Bazel's downloader.

Content with a known digest is looked up in the repository cache first, without a network request. If a registry requires a
token, the token comes from the server that the registry's challenge named when the image was locked.
"""

load(":credentials.bzl", "credential_for")

visibility(["//rules/..."])

def fetch(ctx, kind, digest, output, sources, **kwargs):
    """Fetches a blob or a manifest by its digest.

    Args:
      ctx: repository_ctx.
      kind: "blobs" or "manifests".
      digest: The digest.
      output: Path of the file to write.
      sources: list of sources (see source), tried in order.
      **kwargs: `headers` of the request, and `urls` to try after the sources.

    Returns:
      None, or an error message.
    """
    sha256 = digest.removeprefix("sha256:")
    if ctx.download([], output, sha256 = sha256, allow_fail = True).success:
        return None
    problems = []
    for source in sources:
        url = "%s/v2/%s/%s/%s" % (source.url, source.repository, kind, digest)
        auth, problem = _authorization(ctx, source)
        if _download(ctx, url, output, sha256, auth, kwargs):
            return None
        if not problem:
            proof = "with the credential that was found" if auth else "without a credential"
            problem = "not found, or access denied " + proof
        problems.append("%s/%s: unreachable, %s" % (source.registry, source.repository, problem))
    for url in kwargs.get("urls", []):
        if ctx.download(url, output, sha256 = sha256, allow_fail = True).success:
            return None
        problems.append(url + ": not found")
    return "; ".join(problems)

def _download(ctx, url, output, sha256, auth, kwargs):
    return ctx.download(
        url,
        output,
        sha256 = sha256,
        allow_fail = True,
        auth = {url: auth} if auth else {},
        headers = kwargs.get("headers", {}),
    ).success

def source(name, registries):
    """Returns the location of a repository.

    Args:
      name: "registry/repository".
      registries: dict from a registry's name to a dict with its `url` and, if it requires authentication, its `auth`.

    Returns:
      struct of registry, repository, url and auth (a dict of scheme, realm, service, or None).
    """
    registry, _, repository = name.partition("/")
    known = registries[registry]
    return struct(registry = registry, repository = repository, url = known["url"], auth = known.get("auth"))

def _authorization(ctx, source):
    """Returns a value for the `auth` of ctx.download, or None, and an error message, or None."""
    if not source.auth:
        return None, None
    credential = credential_for(ctx, source.registry, source.repository)
    if source.auth["scheme"] == "basic":
        return credential, None
    if source.auth["realm"].startswith("http://"):
        return None, "the token server %s has no TLS, and Bazel gets no token without" % source.auth["realm"]
    token = _token(ctx, source, credential)
    if not token:
        return None, "the token server %s gives no token" % source.auth["realm"]
    return {"type": "pattern", "pattern": "Bearer <password>", "password": token}, None

def _token(ctx, source, credential):
    """Requests a token from the token server and returns it, or None."""
    url = "%s%sservice=%s&scope=repository:%s:pull" % (
        source.auth["realm"],
        "&" if "?" in source.auth["realm"] else "?",
        _query(source.auth.get("service", "")),
        source.repository,
    )
    answer = "token.json"
    if not ctx.download(url, answer, allow_fail = True, auth = {url: credential} if credential else {}).success:
        return None
    decoded = json.decode(ctx.read(answer, watch = "no"), default = {})
    ctx.delete(answer)
    return decoded.get("token") or decoded.get("access_token")

def _query(text):
    """Escapes characters that have a meaning in a URL query."""
    for char, escape in [("%", "%25"), (" ", "%20"), ("&", "%26"), ("#", "%23"), ("+", "%2B"), ("\"", "%22")]:
        text = text.replace(char, escape)
    return text

# Appended to messages about failures.
ADVICE = """
  The warnings above have the registry's answers. If a credential is missing or has expired, use "docker login" or
  "podman login" (without a helper program), a netrc entry or Bazel's --credential_helper. If the image was deleted, pin
  another one: bazel run @rules_strata//rules:lock -- update"""
