"""The providers, for rules that make layers or use images."""

load(
    "//rules/private:providers.bzl",
    _ImageInfo = "ImageInfo",
    _IndexInfo = "IndexInfo",
    _LayerInfo = "LayerInfo",
    _LayersInfo = "LayersInfo",
    _PushInfo = "PushInfo",
    _PushesInfo = "PushesInfo",
)

visibility("public")

# In the order of docs/rules.md, which takes it from here.
LayerInfo = _LayerInfo
LayersInfo = _LayersInfo
ImageInfo = _ImageInfo
IndexInfo = _IndexInfo
PushInfo = _PushInfo
PushesInfo = _PushesInfo
