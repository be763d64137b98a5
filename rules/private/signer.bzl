"""image_signer: a program that signs images when they are pushed."""

load(":expand.bzl", "expand")
load(":launcher.bzl", "runfiles_path")
load(":run_tools.bzl", "on_host")

visibility(["//rules/..."])

SignerInfo = provider(
    doc = "A program that signs images.",
    fields = {
        "args": "(tuple[str]) Its arguments, after the command of the protocol.",
        "executable": "(File) The program.",
        "runfiles": "(runfiles) The program and its runfiles.",
    },
)

def signer_arguments(ctx, signers):
    """Returns the arguments of push for signers.

    Args:
      ctx: The rule's context.
      signers: list of SignerInfo.

    Returns:
      list of strings, whose order matters.
    """
    arguments = []
    for signer in signers:
        arguments.append("--signer=%runfiles%/" + runfiles_path(ctx, signer.executable))
        arguments += ["--signer-arg=" + arg for arg in signer.args]
    return arguments

def _impl(ctx):
    tool = ctx.attr.tool[0] if type(ctx.attr.tool) == "list" else ctx.attr.tool
    tool = tool[DefaultInfo]
    executable = tool.files_to_run.executable
    return [SignerInfo(
        args = tuple(expand(ctx, "args", ctx.attr.args)),
        executable = executable,
        runfiles = ctx.runfiles([executable]).merge(tool.default_runfiles),
    )]

image_signer = rule(
    doc = """Names a program that signs images, for `signers` of `image_push`, and its arguments.

The program follows the protocol of signer plugins of rules_img: it is called as `PROGRAM sign-oci-artifact ARGS`, reads the
descriptor of the image as JSON from standard input, and writes an OCI image layout as a tar to standard output, whose artifacts
have that descriptor as their `subject`. It does not talk to the registry. See docs/signing.md.

The program is built for the machine that Bazel runs on, the platform in `--host_platform`, and runs in the user's working
directory with the user's environment. Keys and passwords belong there, not into `args`, which are part of the build.""",
    implementation = _impl,
    attrs = {
        "args": attr.string_list(
            doc = "Arguments of the program. Paths are relative to the user's working directory. May contain Make variables.",
        ),
        "tool": attr.label(
            doc = "The program: a target, or an executable file.",
            allow_files = True,
            cfg = on_host,
            executable = True,
            mandatory = True,
        ),
    },
    provides = [SignerInfo],
)
