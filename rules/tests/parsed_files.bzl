"""A repository with what parse_yaml makes of files, for the comparison with a YAML library in e2e/cases/conda.sh."""

load("//rules/private/repo:yaml.bzl", "parse_yaml")

visibility("public")

def _impl(ctx):
    results = {}
    for file in ctx.path(ctx.attr.directory).readdir():
        value, problem = parse_yaml(ctx.read(file))
        results[file.basename] = {"problem": problem, "value": value}
    ctx.file("parsed.json", json.encode(results), legacy_utf8 = False)
    ctx.file("BUILD.bazel", "exports_files([\"parsed.json\"])\n")

parsed_files = repository_rule(
    doc = "The file parsed.json: a dict from the name of each file of a directory to its value, or the error message.",
    implementation = _impl,
    attrs = {"directory": attr.string(doc = "Absolute path of the directory.", mandatory = True)},
)
