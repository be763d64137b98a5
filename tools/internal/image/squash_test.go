package image

import (
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Squash keeps everything except for layers and history.
func TestSquash(t *testing.T) {
	a, b, c := string(digest.FromBytes([]byte("a"))), string(digest.FromBytes([]byte("b"))), digest.FromBytes([]byte("c"))
	config := `{"created":"2020-01-02T03:04:05Z","author":"me","architecture":"arm64","os":"linux","variant":"v8",` +
		`"config":{"User":"u","Env":["A=b"],"Healthcheck":{"Test":["NONE"]}},` +
		`"rootfs":{"type":"layers","diff_ids":["` + a + `","` + b + `"]},"history":[` +
		`{"created_by":"1"},{"created_by":"env","empty_layer":true},{"created_by":"2"},{"created_by":"3","empty_layer":true}],` +
		`"x-vendor":[1]}`
	squashed := func(ids, history string) string {
		return `{"created":"2020-01-02T03:04:05Z","author":"me","architecture":"arm64","os":"linux","variant":"v8",` +
			`"config":{"User":"u","Env":["A=b"],"Healthcheck":{"Test":["NONE"]}},` +
			`"rootfs":{"type":"layers","diff_ids":[` + ids + `]},"history":[` + history +
			`{"created":"2020-01-02T03:04:05Z","created_by":"all"}],"x-vendor":[1]}`
	}
	layer := Layer{DiffID: c, History: &oci.History{CreatedBy: "all"}}
	for kept, want := range []string{
		squashed(`"`+string(c)+`"`, ""),
		squashed(`"`+a+`","`+string(c)+`"`, `{"created_by":"1"},{"created_by":"env","empty_layer":true},`),
		squashed(`"`+a+`","`+b+`","`+string(c)+`"`,
			`{"created_by":"1"},{"created_by":"env","empty_layer":true},{"created_by":"2"},{"created_by":"3","empty_layer":true},`),
	} {
		got, err := Squash([]byte(config), nil, kept, layer)
		if err != nil || string(got.Bytes) != want {
			t.Errorf("%d layers kept:\ngot  %s, %v\nwant %s", kept, got.Bytes, err, want)
		}
		if p := got.Descriptor.Platform; err == nil && (p == nil || p.Architecture != "arm64" || p.Variant != "v8") {
			t.Errorf("platform %+v", p)
		}
	}
	bare := strings.Replace(config, `,"variant":"v8"`, "", 1)
	got, err := Squash([]byte(bare), &oci.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}, 0, layer)
	if err != nil || got.Descriptor.Platform.Variant != "v8" {
		t.Errorf("the platform is not completed: %+v, %v", got.Descriptor.Platform, err)
	}
	for _, test := range []struct {
		config string
		kept   int
		want   string
	}{
		{config, 3, "config: 2 layers, and 3 are to be kept"},
		{config, -1, "config: 2 layers, and -1 are to be kept"},
		{"{}", 0, "expected an image config"},
		{strings.Replace(config, "2020-01", "2020/01", 1), 0, "config: parsing time"},
	} {
		if _, err := Squash([]byte(test.config), nil, test.kept, layer); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
}
