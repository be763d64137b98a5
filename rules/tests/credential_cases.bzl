"""Files with credentials, and the entry that podman and docker use for a repository.

Both the tools, in Go, and the repository rules, in Starlark, read such files. TestContract of package auth and
_credentials_test check them against the same table. Only the tools read identity tokens and call helper programs.
"""

visibility("private")

# "files" are the values of "auths" in the files, in the order in which they are read; "want" is the entry that is used, or {}.
CASES = json.decode(r"""[
  {"name": "no files", "registry": "quay.io", "repository": "a", "files": [], "want": {}},
  {"name": "another registry", "registry": "quay.io", "repository": "a",
   "files": [{"ghcr.io": {"auth": "dTpwdw=="}}], "want": {}},
  {"name": "host", "registry": "quay.io", "repository": "a",
   "files": [{"quay.io": {"auth": "dTpwdw=="}}], "want": {"auth": "dTpwdw=="}},
  {"name": "user and password", "registry": "quay.io", "repository": "a",
   "files": [{"quay.io": {"username": "u", "password": "pw"}}], "want": {"username": "u", "password": "pw"}},
  {"name": "auth before user and password", "registry": "quay.io", "repository": "a",
   "files": [{"quay.io": {"username": "x", "password": "x", "auth": "dTpwdw=="}}], "want": {"auth": "dTpwdw=="}},
  {"name": "port", "registry": "localhost:5000", "repository": "a",
   "files": [{"localhost:5000": {"auth": "dTpwdw=="}}], "want": {"auth": "dTpwdw=="}},
  {"name": "other port", "registry": "localhost:5000", "repository": "a",
   "files": [{"localhost": {"auth": "dTpwdw=="}, "localhost:5001": {"auth": "dTpwdw=="}}], "want": {}},
  {"name": "URL", "registry": "quay.io", "repository": "a",
   "files": [{"https://quay.io": {"auth": "dTpwdw=="}}], "want": {"auth": "dTpwdw=="}},
  {"name": "URL with a path", "registry": "quay.io", "repository": "a",
   "files": [{"http://quay.io/v1/": {"auth": "dTpwdw=="}}], "want": {"auth": "dTpwdw=="}},
  {"name": "slash at the end", "registry": "quay.io", "repository": "a",
   "files": [{"quay.io/": {"auth": "dTpwdw=="}}], "want": {"auth": "dTpwdw=="}},
  {"name": "host with a version", "registry": "quay.io", "repository": "a",
   "files": [{"quay.io/v2": {"auth": "dTpwdw=="}}], "want": {"auth": "dTpwdw=="}},
  {"name": "exact spelling first", "registry": "quay.io", "repository": "a",
   "files": [{"quay.io": {"auth": "dTpwdw=="}, "https://quay.io": {"auth": "eDpwdw=="}}], "want": {"auth": "dTpwdw=="}},
  {"name": "of other spellings the first by name", "registry": "quay.io", "repository": "a",
   "files": [{"https://quay.io": {"auth": "eDpwdw=="}, "http://quay.io": {"auth": "dTpwdw=="}}], "want": {"auth": "dTpwdw=="}},
  {"name": "Docker Hub as docker writes it", "registry": "docker.io", "repository": "library/alpine",
   "files": [{"https://index.docker.io/v1/": {"auth": "dTpwdw=="}}], "want": {"auth": "dTpwdw=="}},
  {"name": "Docker Hub by its API", "registry": "docker.io", "repository": "library/alpine",
   "files": [{"registry-1.docker.io": {"auth": "dTpwdw=="}}], "want": {"auth": "dTpwdw=="}},
  {"name": "Docker Hub as podman writes it", "registry": "docker.io", "repository": "library/alpine",
   "files": [{"docker.io": {"auth": "dTpwdw=="}}], "want": {"auth": "dTpwdw=="}},
  {"name": "longest prefix", "registry": "quay.io", "repository": "a/b/c",
   "files": [{"quay.io": {"auth": "eDpwdw=="}, "quay.io/a/b": {"auth": "dTpwdw=="}, "quay.io/a": {"auth": "eTpwdw=="}}],
   "want": {"auth": "dTpwdw=="}},
  {"name": "prefix of whole components", "registry": "quay.io", "repository": "ab",
   "files": [{"quay.io/a": {"auth": "eDpwdw=="}, "quay.io": {"auth": "dTpwdw=="}}], "want": {"auth": "dTpwdw=="}},
  {"name": "the repository itself", "registry": "quay.io", "repository": "a/b",
   "files": [{"quay.io/a/b": {"auth": "dTpwdw=="}, "quay.io/a/b/c": {"auth": "eDpwdw=="}}], "want": {"auth": "dTpwdw=="}},
  {"name": "empty entry, then a shorter prefix", "registry": "quay.io", "repository": "a/b",
   "files": [{"quay.io/a": {}, "quay.io": {"auth": "dTpwdw=="}}], "want": {"auth": "dTpwdw=="}},
  {"name": "empty entry, then another spelling", "registry": "quay.io", "repository": "a",
   "files": [{"quay.io": {}, "https://quay.io": {"auth": "dTpwdw=="}}], "want": {"auth": "dTpwdw=="}},
  {"name": "first file", "registry": "quay.io", "repository": "a",
   "files": [{"quay.io": {"auth": "dTpwdw=="}}, {"quay.io": {"auth": "eDpwdw=="}}], "want": {"auth": "dTpwdw=="}},
  {"name": "first file, although the second names a longer prefix", "registry": "quay.io", "repository": "a",
   "files": [{"quay.io": {"auth": "dTpwdw=="}}, {"quay.io/a": {"auth": "eDpwdw=="}}], "want": {"auth": "dTpwdw=="}},
  {"name": "empty entry, then another file", "registry": "quay.io", "repository": "a",
   "files": [{"quay.io": {}}, {"quay.io": {"auth": "dTpwdw=="}}], "want": {"auth": "dTpwdw=="}},
  {"name": "nothing but empty entries", "registry": "quay.io", "repository": "a",
   "files": [{"quay.io": {}}, {}], "want": {}}
]""")
