package image

import (
	"errors"
	"testing"
)

func TestPrograms(t *testing.T) {
	const scratch = `"os":"linux","architecture":`
	plain := Layer{DiffID: one}
	with := func(architectures ...string) Layer {
		programs := make(map[string]string)
		for _, a := range architectures {
			programs[a] = "/bin/" + a
		}
		return Layer{DiffID: two, Programs: programs}
	}
	for _, test := range []struct {
		name, settings string
		layers         []Layer
		want           string
	}{
		{"own", `{` + scratch + `"amd64"}`, []Layer{plain, with("amd64")}, ""},
		{"own and others", `{` + scratch + `"amd64"}`, []Layer{with("amd64", "arm64")}, ""},
		{"32 bits", `{` + scratch + `"amd64"}`, []Layer{with("386")}, ""},
		{"32 bits of arm", `{` + scratch + `"arm64"}`, []Layer{with("arm")}, ""},
		{"64 bits", `{` + scratch + `"386"}`, []Layer{with("386"), with("amd64")},
			"layer 2: no program for the image's architecture, which is 386: /bin/amd64 is for amd64"},
		{"several others", `{` + scratch + `"arm64"}`, []Layer{plain, with("386", "amd64"), plain},
			"layer 2: no program for the image's architecture, which is arm64: /bin/386 is for 386, /bin/amd64 is for amd64"},
		{"allowed", `{"allow_any_architecture":true,` + scratch + `"arm64"}`, []Layer{with("amd64")}, ""},
	} {
		_, err := build("", test.settings, test.layers...)
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.want != "" && (!errors.Is(err, ErrOtherArchitecture) || err.Error() != test.want):
			t.Errorf("%s: got  %v\nwant %s", test.name, err, test.want)
		}
	}

	// The image inherits the base's architecture.
	_, err := build(onBase(`{}`), `{}`, with("arm64"))
	if !errors.Is(err, ErrOtherArchitecture) {
		t.Errorf("on a base for amd64: %v", err)
	}
}
