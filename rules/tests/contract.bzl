"""Decisions that Starlark and Go both make: cases for the tests of the rules and of the tools, so that neither side can change
alone.

Go reads this file with package contract, which extracts the JSON between the quotes. DIGEST is replaced with 64 hexadecimal
digits.
"""

visibility("private")

CONTRACT = json.decode(r"""{

  "pairs": [
    {"key": "", "escaped": ""},
    {"key": "/app/server", "escaped": "/app/server"},
    {"key": "/a=b", "escaped": "/a\\=b"},
    {"key": "/a\\b", "escaped": "/a\\\\b"},
    {"key": "/a\\=b", "escaped": "/a\\\\\\=b"},
    {"key": "/a\nb", "escaped": "/a\nb"},
    {"key": "/a\\nb", "escaped": "/a\\\\nb"},
    {"key": "/é %20*", "escaped": "/é %20*"},
    {"key": "\\", "escaped": "\\\\"}
  ],

  "arguments": [
    {"argument": "--hardlinks", "written": "--hardlinks"},
    {"argument": "--dir=/a", "written": "'--dir=/a'"},
    {"argument": "", "written": "''"},
    {"argument": "@%-_+:,./09azAZ", "written": "@%-_+:,./09azAZ"},
    {"argument": "--dir=/a\nb\n", "written": "'--dir=/a\nb\n'"},
    {"argument": "\n\n--remove=/etc", "written": "'\n\n--remove=/etc'"},
    {"argument": "a\r\nb\r", "written": "'a\r\nb\r'"},
    {"argument": " a \t ", "written": "' a \t '"},
    {"argument": "\\", "written": "'\\'"},
    {"argument": "a\\nb\\", "written": "'a\\nb\\'"},
    {"argument": "'", "written": "''\\'''"},
    {"argument": "it's 'a'", "written": "'it'\\''s '\\''a'\\'''"},
    {"argument": "'\n'", "written": "''\\''\n'\\'''"},
    {"argument": "\"$a\" `b` # * !", "written": "'\"$a\" `b` # * !'"},
    {"argument": "é", "written": "'é'"}
  ],

  "dollars": [
    {"text": "", "value": "", "env": "", "final": ""},
    {"text": "$(X)-$(DOLLARS)", "value": "x-$$1", "env": "x-$$$$1", "final": "x-$$1"},
    {"text": "$$(X)", "value": "$(X)", "env": "$$(X)", "final": "$(X)"},
    {"text": "$$$(X)$$", "value": "$x$", "env": "$$x$$", "final": "$x$"},
    {"text": "$$$$", "value": "$$", "env": "$$$$", "final": "$$"},
    {"text": "$$$${HOME}", "value": "$${HOME}", "env": "$$$${HOME}", "final": "$${HOME}"},
    {"text": "$$${HOME}", "value": "$${HOME}", "env": "$$${HOME}", "final": "$/root"},
    {"text": "${HOME}/$(X)", "value": "${HOME}/x", "env": "${HOME}/x", "final": "/root/x"},
    {"text": "$${HOME}", "value": "${HOME}", "env": "$${HOME}", "final": "${HOME}"},
    {"text": "$HOME", "value": "$HOME", "env": "$HOME", "final": null},
    {"text": "$$HOME", "value": "$HOME", "env": "$$HOME", "final": "$HOME"},
    {"text": "$5 5$", "value": "$5 5$", "env": "$5 5$", "final": "$5 5$"},
    {"text": "a(X)$", "value": "a(X)$", "env": "a(X)$", "final": "a(X)$"},
    {"text": "$(X", "value": null, "env": null, "final": null}
  ],

  "status_variables": [
    {"text": "", "found": false},
    {"text": "{STABLE_X}", "found": false},
    {"text": "{ {STABLE_X} }", "found": false},
    {"text": "{{STABLE_X}}", "found": true},
    {"text": "a{{ .STABLE_X | dev }}b", "found": true},
    {"text": "{{{STABLE_X}}}", "found": true},
    {"text": "{{{{STABLE_X}}", "found": true}
  ],

  "patterns": [
    {"pattern": "/app/server", "path": "/app/server"},
    {"pattern": "app/server", "path": "/app/server"},
    {"pattern": "//app/./server/", "path": "/app/server"},
    {"pattern": "/", "path": "/"},
    {"pattern": "/a\\*b", "path": "/a*b"},
    {"pattern": "/a\\[1]", "path": "/a[1]"},
    {"pattern": "/a]", "path": "/a]"},
    {"pattern": "/a\\\\b", "path": "/a\\b"},
    {"pattern": "/a\\b", "path": "/ab"},
    {"pattern": "/a\\", "path": "/a\\"},
    {"pattern": "/a{b,c}", "path": "/a{b,c}"},
    {"pattern": "/a*", "path": null},
    {"pattern": "/a?", "path": null},
    {"pattern": "/[ab]", "path": null},
    {"pattern": "/a\\\\*", "path": null},
    {"pattern": "/**/", "path": null}
  ],

  "below": [
    {"path": "a/b", "directory": "", "rest": "a/b"},
    {"path": "a/b", "directory": "a", "rest": "b"},
    {"path": "a/b/c", "directory": "a/b", "rest": "c"},
    {"path": "a/b", "directory": "a/b", "rest": ""},
    {"path": "a/bc", "directory": "a/b", "rest": null},
    {"path": "a", "directory": "a/b", "rest": null},
    {"path": "b/a", "directory": "a", "rest": null}
  ],

  "compressions": [
    {"name": "gzip", "levels": 9, "media_type": "application/vnd.oci.image.layer.v1.tar+gzip"},
    {"name": "none", "levels": 0, "media_type": "application/vnd.oci.image.layer.v1.tar"},
    {"name": "zstd", "levels": 19, "media_type": "application/vnd.oci.image.layer.v1.tar+zstd"}
  ],

  "references": [
    {"reference": "docker.io/library/debian@sha256:DIGEST", "repository": "docker.io/library/debian"},
    {"reference": "docker.io/library/debian:12@sha256:DIGEST", "repository": "docker.io/library/debian"},
    {"reference": "ghcr.io/team/app/web:v1.2_3@sha256:DIGEST", "repository": "ghcr.io/team/app/web"},
    {"reference": "localhost/app@sha256:DIGEST", "repository": "localhost/app"},
    {"reference": "localhost:5000/app:v1@sha256:DIGEST", "repository": "localhost:5000/app"},
    {"reference": "[::1]:5000/app:v1@sha256:DIGEST", "repository": "[::1]:5000/app"},
    {"reference": "HOST/app@sha256:DIGEST", "repository": "HOST/app"},
    {"reference": "debian@sha256:DIGEST", "repository": null},
    {"reference": "library/debian@sha256:DIGEST", "repository": null},
    {"reference": "docker.io/debian@sha256:DIGEST", "repository": null},
    {"reference": "index.docker.io/library/debian@sha256:DIGEST", "repository": null},
    {"reference": "ghcr.io/team/app", "repository": null},
    {"reference": "ghcr.io/team/app:v1", "repository": null},
    {"reference": "ghcr.io/@sha256:DIGEST", "repository": null},
    {"reference": "ghcr.io/team/app@DIGEST", "repository": null},
    {"reference": "ghcr.io/team/app@sha256:123", "repository": null},
    {"reference": "ghcr.io/team/app@sha512:DIGEST", "repository": null}
  ],

  "hosts": [
    {"registry": "docker.io", "host": "registry-1.docker.io"},
    {"registry": "ghcr.io", "host": "ghcr.io"},
    {"registry": "localhost:5000", "host": "localhost:5000"}
  ],

  "media_types": [
    {"kind": "config", "oci": "application/vnd.oci.image.config.v1+json",
     "docker": "application/vnd.docker.container.image.v1+json"},
    {"kind": "index", "oci": "application/vnd.oci.image.index.v1+json",
     "docker": "application/vnd.docker.distribution.manifest.list.v2+json"},
    {"kind": "manifest", "oci": "application/vnd.oci.image.manifest.v1+json",
     "docker": "application/vnd.docker.distribution.manifest.v2+json"}
  ],

  "variants": [
    {"architecture": "386", "implied": ""},
    {"architecture": "amd64", "implied": "v1"},
    {"architecture": "arm", "implied": "v7"},
    {"architecture": "arm64", "implied": "v8"},
    {"architecture": "ppc64le", "implied": ""},
    {"architecture": "riscv64", "implied": ""},
    {"architecture": "s390x", "implied": ""}
  ],

  "default_platforms": ["linux/amd64", "linux/arm64"],

  "servers": [
    {"name": "docker.io", "url": "https://registry-1.docker.io", "realm": "https://auth.docker.io/token", "trusted": [], "problem": null},
    {"name": "docker.io", "url": "https://docker.io", "realm": null, "trusted": [], "problem": "host"},
    {"name": "r.example.com", "url": "https://r.example.com", "realm": null, "trusted": [], "problem": null},
    {"name": "r.example.com:5000", "url": "https://r.example.com:5000", "realm": null, "trusted": [], "problem": null},
    {"name": "r.example.com", "url": "https://evil.example", "realm": null, "trusted": [], "problem": "host"},
    {"name": "r.example.com", "url": "https://r.example.com:444", "realm": null, "trusted": [], "problem": "host"},
    {"name": "r.example.com", "url": "https://r.example.com/evil", "realm": null, "trusted": [], "problem": "host"},
    {"name": "r.example.com", "url": "https://r.example.com.evil.example", "realm": null, "trusted": [], "problem": "host"},
    {"name": "r.example.com", "url": "https://evil.example#r.example.com", "realm": null, "trusted": [], "problem": "host"},
    {"name": "r.example.com", "url": "https://evil.example", "realm": null, "trusted": ["https://evil.example"], "problem": "host"},
    {"name": "r.example.com", "url": "http://r.example.com", "realm": null, "trusted": [], "problem": "tls"},
    {"name": "r.lan:5000", "url": "http://r.lan:5000", "realm": null, "trusted": ["https://x", "http://r.lan:5000/"], "problem": null},
    {"name": "127.0.0.1:5991", "url": "http://127.0.0.1:5991", "realm": null, "trusted": [], "problem": null},
    {"name": "127.0.0.1:5991", "url": "http://127.0.0.2:5992", "realm": null, "trusted": [], "problem": "host"},
    {"name": "localhost:1", "url": "http://localhost:1", "realm": "http://localhost:2/token", "trusted": [], "problem": null},
    {"name": "localhost:1", "url": "https://localhost:1", "realm": "http://localhost:2/token", "trusted": [], "problem": "tls"},
    {"name": "127.0.0.1:1", "url": "http://127.0.0.1:1", "realm": "https://auth.example/", "trusted": [], "problem": "domain"},
    {"name": "127.0.0.1:1", "url": "http://127.0.0.1:1", "realm": "https://1.0.0.1/", "trusted": [], "problem": "domain"},
    {"name": "[::1]:1", "url": "http://[::1]:1", "realm": "http://[::1]:2/", "trusted": [], "problem": null},
    {"name": "r.example.com", "url": "https://r.example.com", "realm": "https://r.example.com:8443/t", "trusted": [], "problem": null},
    {"name": "r.example.com", "url": "https://r.example.com", "realm": "https://gitlab.example.com/jwt/auth", "trusted": [], "problem": null},
    {"name": "r.example.com", "url": "https://r.example.com", "realm": "https://EXAMPLE.com/jwt/auth", "trusted": [], "problem": null},
    {"name": "r.example.com", "url": "https://r.example.com", "realm": "https://t.r.example.com/", "trusted": [], "problem": null},
    {"name": "ghcr.io", "url": "https://ghcr.io", "realm": "https://ghcr.io/token", "trusted": [], "problem": null},
    {"name": "ghcr.io", "url": "https://ghcr.io", "realm": "https://evil.io/token", "trusted": [], "problem": "domain"},
    {"name": "example.co.uk", "url": "https://example.co.uk", "realm": "https://evil.co.uk/token", "trusted": [], "problem": "domain"},
    {"name": "r.example.com", "url": "https://r.example.com", "realm": "https://evilexample.com/", "trusted": [], "problem": "domain"},
    {"name": "r.example.com", "url": "https://r.example.com", "realm": "https://example.com.evil.io/", "trusted": [], "problem": "domain"},
    {"name": "r.example.com", "url": "https://r.example.com", "realm": "https://evil.io/?r.example.com", "trusted": [], "problem": "domain"},
    {"name": "r.example.com", "url": "https://r.example.com", "realm": "https://r.example.com@evil.io/", "trusted": [], "problem": "address"},
    {"name": "r.example.com", "url": "https://r.example.com", "realm": "https://evil.io/t", "trusted": ["https://evil.io"], "problem": null},
    {"name": "r.example.com", "url": "https://r.example.com", "realm": "https://evil.io:1/t", "trusted": ["https://evil.io"], "problem": "domain"},
    {"name": "r.example.com", "url": "https://r.example.com", "realm": "http://r.example.com/t", "trusted": [], "problem": "tls"},
    {"name": "r.example.com", "url": "https://r.example.com", "realm": "http://r.example.com/t", "trusted": ["http://r.example.com"], "problem": null},
    {"name": "r.example.com:5000", "url": "https://r.example.com:5000", "realm": "https://r.example.com/t", "trusted": [], "problem": null},
    {"name": "r.example.com", "url": "https://r.example.com@evil.example", "realm": null, "trusted": [], "problem": "user"},
    {"name": "r.example.com", "url": "http://r.example.com", "realm": null, "trusted": ["http://r.example.com/"], "problem": null},
    {"name": "127.0.0.1:1", "url": "http://127.0.0.1:1", "realm": "https://1.0.0.1/t", "trusted": [], "problem": "domain"},
    {"name": "localhost:1", "url": "http://localhost:1", "realm": "http://localhost:2/t", "trusted": [], "problem": null},
    {"name": "127.0.evil.com", "url": "http://127.0.evil.com", "realm": null, "trusted": [], "problem": "tls"},
    {"name": "[::1]:1", "url": "http://[::1]:1", "realm": "http://[::1]:2/t", "trusted": [], "problem": null},
    {"name": "r.example.com", "url": "https://r.example.com", "realm": "https://example.com/jwt/auth", "trusted": [], "problem": null},
    {"name": "r.example.com", "url": "https://r.example.com", "realm": "https://evil.io?r.example.com", "trusted": [], "problem": "domain"},
    {"name": "r.example.com", "url": "https://r.example.com", "realm": "https://evil.io\\.example.com/", "trusted": [], "problem": "address"},
    {"name": "r.example.com", "url": "https://r.example.com", "realm": "evil.io", "trusted": [], "problem": "address"},
    {"name": "r.example.com", "url": "https://r.example.com", "realm": "HTTPS://r.example.com/t", "trusted": [], "problem": null},
    {"name": "r.example.com", "url": "https://r.example.com", "realm": "ftp://r.example.com/t", "trusted": [], "problem": "address"},
    {"name": "r.example.com", "url": "https://r.example.com", "realm": "https:///t", "trusted": [], "problem": "address"},
    {"name": "r.example.com", "url": "https://r.example.com", "realm": "https://r.example.com./t", "trusted": [], "problem": "domain"},
    {"name": "r.example.com", "url": "https://r.example.com", "realm": "https://r.example.com%2eevil.io/t", "trusted": [], "problem": "address"},
    {"name": "r.example.com", "url": "https://r.example.com", "realm": "https://r.example.com:port/t", "trusted": [], "problem": "address"},
    {"name": "LOCALHOST:5", "url": "http://LOCALHOST:5", "realm": null, "trusted": [], "problem": null},
    {"name": "127.1:5", "url": "http://127.1:5", "realm": null, "trusted": [], "problem": "tls"},
    {"name": "127.0.0.1.5:5", "url": "http://127.0.0.1.5:5", "realm": null, "trusted": [], "problem": "tls"},
    {"name": "10.0.0.1:5", "url": "http://10.0.0.1:5", "realm": null, "trusted": [], "problem": "tls"},
    {"name": "[::2]:5", "url": "http://[::2]:5", "realm": null, "trusted": [], "problem": "tls"}
  ]

}""".replace("DIGEST", "0123456789abcdef" * 4))
