package main

import (
	"reflect"
	"strings"
	"testing"
)

// Fields 1 and 3 of a rule, the latter with an attribute of fields 1, 3 and 4, around fields of all wire types that nobody
// asked for.
const message = "" +
	"\x0a\x26" +
	"\x0a\x05image" +
	"\xa0\x06\x96\x01" + // 100: 150
	"\xa1\x06eight...\xa5\x06four" +
	"\x1a\x09\x0a\x03src\x18\x03\x20\x01" +
	"\x2a\x05Hello"

func TestDecode(t *testing.T) {
	data := []byte(message)
	var got module
	if err := decode(data, &got); err != nil {
		t.Fatal(err)
	}
	want := module{
		Rules: []rule{{Name: "image", Attributes: []attribute{{Name: "src", Type: 3, Mandatory: true}}}},
		Doc:   "Hello",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	for size := range data {
		var cut module
		if err := decode(data[:size], &cut); err == nil && size != 0 && size != int(data[1])+2 {
			t.Errorf("the first %d of %d bytes are taken for a message", size, len(data))
		}
	}
}

func TestRender(t *testing.T) {
	got, err := render([]module{{
		File: "@rules_strata//rules:defs.bzl",
		Doc:  "The rules.",
		Rules: []rule{{
			Name:     "image",
			Doc:      "An image; docs/layers.md.\n\n    image(\n        name = \"image\",\n    )",
			Provides: providerNames{Names: []string{"ImageInfo"}},
			Attributes: []attribute{
				{Name: "name", Type: typeName, Mandatory: true, Doc: "A name."},
				{Name: "env", Type: 10, Default: "{}", Doc: "One\nparagraph.\n\nAnother: a|b."},
				{Name: "src", Type: 3, Mandatory: true, Doc: "A file."},
			},
		}},
		Providers: []provider{{Name: "ImageInfo", Doc: "One image.", Fields: []field{{Name: "config", Doc: "(File) The config."}}}},
		Extensions: []extension{{Name: "images", Doc: "Images.", Tags: []tagClass{{
			Name: "pull", Doc: "One image.",
			Attributes: []attribute{{Name: "name", Type: typeName, Mandatory: true, Doc: "Its name."}},
		}}}},
		Functions: []function{{Name: "pull", Doc: "Pulls.", Parameters: []parameter{
			{Name: "lock", Default: "None", Doc: "A file."}, {Name: "kwargs", Doc: "More."},
		}}},
	}}, []setting{{name: "compression", kind: "string", value: `"gzip"`, doc: "How layers are packed."}})
	if err != nil {
		t.Fatal(err)
	}
	want := header +
		"- [`@rules_strata//rules:defs.bzl`](#rules_stratarulesdefsbzl): [`image`](#image), [`ImageInfo`](#imageinfo), " +
		"[`images`](#images), [`pull`](#pull)\n" + `- [Build settings](#build-settings)

## @rules_strata//rules:defs.bzl

The rules.

### image

An image; [docs/layers.md](layers.md).

    image(
        name = "image",
    )

Provides [~ImageInfo~](#imageinfo).

| attribute | type | default | |
|---|---|---|---|
| ~src~ | label | required | A file. |
| ~env~ | string_dict | ~{}~ | One paragraph.<br><br>Another: a\|b. |

### ImageInfo

One image.

| field | |
|---|---|
| ~config~ | (File) The config. |

### images

Images.

#### images.pull

One image.

| attribute | type | default | |
|---|---|---|---|
| ~name~ | string | required | Its name. |

### pull

Pulls.

| parameter | default | |
|---|---|---|
| ~lock~ | ~None~ | A file. |
| ~**kwargs~ |  | More. |

## Build settings

Flags of ~bazel build~, for the command line or a ~.bazelrc~.

| flag | type | default | |
|---|---|---|---|
| ~--@rules_strata//rules:compression~ | string | ~"gzip"~ | How layers are packed. |
`
	if want := strings.ReplaceAll(want, "~", "`"); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestRenderWantsDocStrings(t *testing.T) {
	for name, m := range map[string]module{
		"defs.bzl":  {File: "defs.bzl", Rules: []rule{{Name: "image", Doc: "An image."}}},
		"image":     {Doc: "Rules.", Rules: []rule{{Name: "image"}}},
		"image.env": {Doc: "Rules.", Rules: []rule{{Name: "image", Doc: "An image.", Attributes: []attribute{{Name: "env"}}}}},
		"X.file":    {Doc: "Rules.", Providers: []provider{{Name: "X", Doc: "A provider.", Fields: []field{{Name: "file", Doc: " "}}}}},
	} {
		want := name + ": no doc string"
		if _, err := render([]module{m}, nil); err == nil || err.Error() != want {
			t.Errorf("got error %v, want %s", err, want)
		}
	}
}

func TestFindSettings(t *testing.T) {
	const text = `package()

# How layers are packed;
# see docs/layers.md.
string_flag(
    name = "compression",
    build_setting_default = "gzip",
    values = COMPRESSIONS,
)

# Whether.
bool_flag(
    name = "workers",
    build_setting_default = False,
)
`
	got, err := findSettings(text)
	if err != nil {
		t.Fatal(err)
	}
	want := []setting{
		{name: "compression", kind: "string", value: `"gzip"`, doc: "How layers are packed;\nsee docs/layers.md."},
		{name: "workers", kind: "bool", value: "False", doc: "Whether."},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if _, err := findSettings(strings.Replace(text, "# Whether.\n", "", 1)); err == nil {
		t.Error("a flag without a comment passes")
	}
}
