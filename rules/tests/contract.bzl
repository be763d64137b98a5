"""What Starlark and Go both decide: cases that the tests of the rules and those of the tools read, so that neither side can
change alone. Go reads this file with package contract, which takes the JSON from between the quotes.
"""

visibility("private")

CONTRACT = json.decode(r"""{

  "pairs": [
    {"key": "", "escaped": ""},
    {"key": "/app/server", "escaped": "/app/server"},
    {"key": "/a=b", "escaped": "/a\\=b"},
    {"key": "/a\\b", "escaped": "/a\\\\b"},
    {"key": "/a\\=b", "escaped": "/a\\\\\\=b"},
    {"key": "/a\nb", "escaped": "/a\\nb"},
    {"key": "/a\\nb", "escaped": "/a\\\\nb"},
    {"key": "/é %20*", "escaped": "/é %20*"},
    {"key": "\\", "escaped": "\\\\"}
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
  ]

}""")
