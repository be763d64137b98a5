"""The providers, for custom rules that create layers or consume images."""

load(
    "//rules/private:providers.bzl",
    _ArtifactInfo = "ArtifactInfo",
    _ImageInfo = "ImageInfo",
    _IndexInfo = "IndexInfo",
    _LayerInfo = "LayerInfo",
    _LayersInfo = "LayersInfo",
    _LoadInfo = "LoadInfo",
    _PushInfo = "PushInfo",
    _PushesInfo = "PushesInfo",
    _RootfsInfo = "RootfsInfo",
)

visibility("public")

# docs/rules.md lists the providers in this order.
LayerInfo = _LayerInfo
LayersInfo = _LayersInfo
ImageInfo = _ImageInfo
IndexInfo = _IndexInfo
ArtifactInfo = _ArtifactInfo
PushInfo = _PushInfo
LoadInfo = _LoadInfo
PushesInfo = _PushesInfo
RootfsInfo = _RootfsInfo
