"""The Go source files of programs, for a test that reads their imports."""

_SourcesInfo = provider(
    doc = "Sources of a Go target.",
    fields = {"files": "(depset[File]) The sources of the target and its dependencies in this repository."},
)

def _collect_impl(target, ctx):
    deps = [
        dep[_SourcesInfo].files
        for name in ["deps", "embed"]
        for dep in getattr(ctx.rule.attr, name, [])
        if _SourcesInfo in dep
    ]
    own = getattr(ctx.rule.files, "srcs", []) if target.label.repo_name == "" else []
    return [_SourcesInfo(files = depset([file for file in own if file.is_source], transitive = deps))]

_collect = aspect(
    implementation = _collect_impl,
    attr_aspects = ["deps", "embed"],
)

def _impl(ctx):
    return [DefaultInfo(files = depset(transitive = [dep[_SourcesInfo].files for dep in ctx.attr.deps]))]

go_sources = rule(
    doc = "The Go sources of this repository that the targets in `deps` are made of.",
    implementation = _impl,
    attrs = {"deps": attr.label_list(
        doc = "Go programs and libraries.",
        aspects = [_collect],
    )},
)
