"""Stand-ins for repositories in snippets, most of which would be downloads."""

def _standin_impl(ctx):
    script = ["#!/bin/sh", "set -eu", ctx.attr.script]
    ctx.file("make.sh", "\n".join(script))
    result = ctx.execute(
        ["sh", "./make.sh"],
        environment = {"CERTIFICATE": str(ctx.path(Label("//certificates:company.pem")))},
    )
    if result.return_code:
        fail(result.stderr)
    for directory in ["", "file/"]:
        ctx.file(directory + "BUILD.bazel", """
package(default_visibility = ["//visibility:public"])

exports_files(glob(["**"]))

filegroup(
    name = "files",
    srcs = glob(["**"]),
)
""")

_standin = repository_rule(
    implementation = _standin_impl,
    attrs = {"script": attr.string(doc = "Commands that make the files of the repository.")},
)

# A package in the form of dpkg-deb.
_DEB = """
mkdir -p file tree/DEBIAN tree/usr/share/doc/NAME
printf 'Package: NAME\\nVersion: 1\\nArchitecture: all\\nMaintainer: M <m@example.com>\\nDescription: d\\n' >tree/DEBIAN/control
echo copyright >tree/usr/share/doc/NAME/copyright
dpkg-deb --root-owner-group -Zgzip --build tree file/NAME.deb
rm -r tree
"""

# The package ca-certificates, with one certificate.
_CERTIFICATES = """
mkdir -p tree/usr/share/ca-certificates/mozilla
cp "$CERTIFICATE" tree/usr/share/ca-certificates/mozilla/Company.crt
"""

_SCRIPTS = {
    "ca_certificates": _CERTIFICATES + _DEB.replace("NAME", "ca-certificates"),
    "libc6": _DEB.replace("NAME", "libc6"),
    "licensed": "echo licensed >license",
    "node": "mkdir -p file node-v22.1.0-linux-x64/bin\n" +
            "echo node >node-v22.1.0-linux-x64/bin/node\n" +
            "tar -cJf file/node-v22.1.0-linux-x64.tar.xz node-v22.1.0-linux-x64",
    "tool": "mkdir -p opt/tool\necho release >opt/tool/release\ntar -czf release.tar.gz opt",
    "tzdata": _DEB.replace("NAME", "tzdata"),
}

def _standins_impl(ctx):
    for name, script in _SCRIPTS.items():
        _standin(name = name, script = script)
    return ctx.extension_metadata(reproducible = True)

standins = module_extension(implementation = _standins_impl)
