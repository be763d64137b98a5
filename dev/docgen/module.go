package main

// The messages of Bazel's stardoc_output.proto, as far as the page shows them. All have doc strings as their authors wrote
// them, without common indentation.

// module is a Starlark file with the symbols that can be loaded from it.
type module struct {
	Rules      []rule      `proto:"1"`
	Providers  []provider  `proto:"2"`
	Functions  []function  `proto:"3"`
	Doc        string      `proto:"5"`
	File       string      `proto:"6"`
	Extensions []extension `proto:"7"`
}

type rule struct {
	Name       string        `proto:"1"`
	Doc        string        `proto:"2"`
	Attributes []attribute   `proto:"3"`
	Provides   providerNames `proto:"5"`
}

type providerNames struct {
	Names []string `proto:"1"`
}

type attribute struct {
	Name      string        `proto:"1"`
	Doc       string        `proto:"2"`
	Type      attributeType `proto:"3"`
	Mandatory bool          `proto:"4"`
	Default   string        `proto:"6"`
}

type provider struct {
	Name   string  `proto:"1"`
	Doc    string  `proto:"2"`
	Fields []field `proto:"3"`
}

type field struct {
	Name string `proto:"1"`
	Doc  string `proto:"2"`
}

type function struct {
	Name       string      `proto:"1"`
	Parameters []parameter `proto:"2"`
	Doc        string      `proto:"3"`
}

type parameter struct {
	Name      string `proto:"1"`
	Doc       string `proto:"2"`
	Default   string `proto:"3"`
	Mandatory bool   `proto:"4"`
}

type extension struct {
	Name string     `proto:"1"`
	Doc  string     `proto:"2"`
	Tags []tagClass `proto:"3"`
}

type tagClass struct {
	Name       string      `proto:"1"`
	Doc        string      `proto:"2"`
	Attributes []attribute `proto:"3"`
}

type attributeType int

// typeName is the type of each attribute with the name `name`, which all rules have without declaring it.
const typeName attributeType = 1

// String returns the name of the function in Bazel's module attr that makes such attributes.
func (t attributeType) String() string {
	names := [...]string{
		"unknown", "string", "int", "label", "string", "string_list", "int_list", "label_list", "bool",
		"label_keyed_string_dict", "string_dict", "string_list_dict", "output", "output_list", "string_keyed_label_dict",
	}
	if t < 0 || int(t) >= len(names) {
		return names[0]
	}
	return names[t]
}
