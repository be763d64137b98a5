"""image_certificates: a layer with certificate authorities."""

load(":etc_actions.bzl", "base_attr", "etc_layer")
load(":packing.bzl", "PACKING_ATTRS")
load(":providers.bzl", "LayerInfo")
load(":run_tool.bzl", "new_args")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

def _impl(ctx):
    args = new_args(ctx)
    files = depset(transitive = [target[DefaultInfo].files for target in ctx.attr.certificates])
    args.add_all(files, format_each = "--file=%s", expand_directories = False)
    return etc_layer(ctx, "certificates", args, files, "MkCertificates")

image_certificates = rule(
    doc = """Builds a layer with certificate authorities, where Debian, Alpine and SUSE have them.

`/etc/ssl/certs/ca-certificates.crt` contains all certificates. Next to it, each has a file `NAME.pem` and a link `HASH.N`, as
made by `openssl rehash`, for libraries that look up a single one. Duplicates are omitted.""",
    implementation = _impl,
    attrs = PACKING_ATTRS | {
        "base": base_attr("""The image whose certificates are extended, usually the base of the image that the layer is for. Its layers
are read; those of a locked base are fetched from their registry. If unset, the layer has only `certificates`."""),
        "certificates": attr.label_list(
            doc = """Files with certificates: PEM, DER, or Debian packages like `ca-certificates`, from which the certificates
below `/usr/share/ca-certificates` and `/usr/local/share/ca-certificates` are taken. Private keys are errors.""",
            allow_files = True,
            mandatory = True,
        ),
    },
    provides = [LayerInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
