package image

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Digests of layers, as diff_ids and as blobs.
var (
	one   = repeated("1")
	two   = repeated("2")
	three = repeated("3")
)

func repeated(digit string) digest.Digest {
	return digest.Digest("sha256:" + strings.Repeat(digit, 64))
}

// fill replaces D1 to D3 with digests, and PLATFORM with the keys that most bases share, which keeps the tables readable.
func fill(text string) string {
	return strings.NewReplacer("D1", string(one), "D2", string(two), "D3", string(three),
		"PLATFORM", `"architecture":"amd64","os":"linux"`).Replace(text)
}

// build runs Config with a base and settings as text; an empty base means no base.
func build(base, settings string, layers ...Layer) (Document, error) {
	s, err := ParseSettings([]byte(fill(settings)))
	if err != nil {
		return Document{}, err
	}
	if base == "" {
		return Config(nil, layers, s)
	}
	return Config([]byte(fill(base)), layers, s)
}

// onBase wraps the config object of a base without layers.
func onBase(run string) string {
	return `{"created":"1970-01-01T00:00:00Z",PLATFORM,"config":` + run + `,"rootfs":{"type":"layers","diff_ids":[]}}`
}

func TestConfigRun(t *testing.T) {
	for _, test := range []struct{ name, base, settings, want string }{
		{"inherit everything",
			`{"User":"u","ExposedPorts":{"80/tcp":{}},"Env":["B=1","A=2"],"Entrypoint":["e"],"Cmd":["c"],` +
				`"Volumes":{"/v":{}},` +
				`"WorkingDir":"/w","Labels":{"l":"m"},"StopSignal":"SIGTERM"}`,
			`{}`,
			`{"User":"u","ExposedPorts":{"80/tcp":{}},"Env":["B=1","A=2"],"Entrypoint":["e"],"Cmd":["c"],` +
				`"Volumes":{"/v":{}},` +
				`"WorkingDir":"/w","Labels":{"l":"m"},"StopSignal":"SIGTERM"}`},
		{"null inherits too", `{"User":"u","Cmd":["c"]}`, `{"user":null,"cmd":null,"env":null,"healthcheck":null}`,
			`{"User":"u","Cmd":["c"]}`},
		{"set everything", `{}`,
			`{"user":"1:2","workdir":"/w","stop_signal":"SIGRTMIN+3","entrypoint":["e"],"cmd":["c"],` +
				`"shell":["/bin/sh","-c"],` +
				`"exposed_ports":["443"],"volumes":["/v"],"env":{"B":"1","A":"2"},"labels":{"l":"m"},` +
				`"healthcheck":["CMD","/h"],"healthcheck_interval":"30s","healthcheck_timeout":"1ms",` +
				`"healthcheck_start_period":"1m30s","healthcheck_start_interval":"2s","healthcheck_retries":3}`,
			`{"User":"1:2","ExposedPorts":{"443/tcp":{}},"Env":["A=2","B=1"],"Entrypoint":["e"],"Cmd":["c"],` +
				`"Volumes":{"/v":{}},` +
				`"WorkingDir":"/w","Labels":{"l":"m"},"StopSignal":"SIGRTMIN+3",` +
				`"Healthcheck":{"Test":["CMD","/h"],"Interval":30000000000,"Timeout":1000000,` +
				`"StartPeriod":90000000000,` +
				`"StartInterval":2000000000,"Retries":3},"Shell":["/bin/sh","-c"]}`},
		{"clear everything",
			`{"User":"u","ExposedPorts":{"80/tcp":{}},"Env":["A=1"],"Entrypoint":["e"],"Cmd":["c"],` +
				`"Volumes":{"/v":{}},` +
				`"WorkingDir":"/w","Labels":{"l":"m"},"StopSignal":"SIGTERM","Healthcheck":{"Test":["NONE"]},` +
				`"Shell":["s"]}`,
			`{"clear":["user","exposed_ports","env","entrypoint","cmd","volumes","workdir","labels","stop_signal",` +
				`"healthcheck","shell"]}`,
			`{}`},
		{"clear comes before set", `{"Env":["A=1","B=2"],"Labels":{"a":"1"},"Volumes":{"/a":{}},` +
			`"ExposedPorts":{"1/tcp":{}}}`,
			`{"clear":["env","labels","volumes","exposed_ports"],"env":{"A":"3"},"labels":{"b":"2"},"volumes":["/b"],` +
				`"exposed_ports":["2"]}`,
			`{"ExposedPorts":{"2/tcp":{}},"Env":["A=3"],"Volumes":{"/b":{}},"Labels":{"b":"2"}}`},
		{"unset single names", `{"Env":["A=1","AB=2","A=3","BARE"],"Labels":{"a":"1","b":"2"}}`,
			`{"unset_env":["A","BARE","A"],"unset_labels":["b","b"]}`, `{"Env":["AB=2"],"Labels":{"a":"1"}}`},
		{"unset the last ones", `{"Env":["A=1"],"Labels":{"a":"1"}}`, `{"unset_env":["A"],"unset_labels":["a"]}`, `{}`},
		{"unset comes before set", `{"Env":["A=1","B=2"],"Labels":{"a":"1"}}`,
			`{"unset_env":["A"],"env":{"A":"3"},"unset_labels":["a"],"labels":{"a":"2"}}`,
			`{"Env":["B=2","A=3"],"Labels":{"a":"2"}}`},
		{"sets grow", `{"ExposedPorts":{"1/udp":{}},"Volumes":{"/a":{}},"Labels":{"a":"1","b":"2"}}`,
			`{"exposed_ports":["2/UDP","080/tcp","7/sctp"],"volumes":["/b"],"labels":{"b":"3","c":""}}`,
			`{"ExposedPorts":{"1/udp":{},"2/udp":{},"7/sctp":{},"80/tcp":{}},"Volumes":{"/a":{},"/b":{}},` +
				`"Labels":{"a":"1","b":"3","c":""}}`},
		{"env in place, new sorted behind", `{"Env":["PATH=/bin","Z=1","BARE","Z=2","ZZ=3"]}`,
			`{"env":{"Z":"9","BARE":"b","PATHS":"p","A":""}}`,
			`{"Env":["PATH=/bin","Z=9","BARE=b","ZZ=3","A=","PATHS=p"]}`},
		{"entrypoint drops the base's cmd", `{"Entrypoint":["e"],"Cmd":["c"],"ArgsEscaped":true}`,
			`{"entrypoint":["f"]}`,
			`{"Entrypoint":["f"]}`},
		{"cmd keeps the base's entrypoint", `{"Entrypoint":["e"],"Cmd":["c"],"ArgsEscaped":true}`, `{"cmd":["d"]}`,
			`{"Entrypoint":["e"],"Cmd":["d"]}`},
		{"clearing the entrypoint keeps cmd", `{"Entrypoint":["e"],"Cmd":["c"],"ArgsEscaped":true}`,
			`{"clear":["entrypoint"]}`,
			`{"Cmd":["c"],"ArgsEscaped":true}`},
		{"appended arguments follow the base's", `{"Entrypoint":["e"],"Cmd":["c"]}`,
			`{"append_entrypoint":["f"],"append_cmd":["d",""]}`, `{"Entrypoint":["e","f"],"Cmd":["c","d",""]}`},
		{"appended arguments may be the first", `{"Entrypoint":["e"]}`, `{"append_cmd":["d"]}`,
			`{"Entrypoint":["e"],"Cmd":["d"]}`},
		{"clear comes before append", `{"Entrypoint":["e"],"Cmd":["c"]}`, `{"clear":["cmd"],"append_cmd":["d"]}`,
			`{"Entrypoint":["e"],"Cmd":["d"]}`},
		{"empty lists and strings are set", `{"User":"u","Entrypoint":["e"],"Cmd":["c"],"Shell":["s"],` +
			`"WorkingDir":"/w"}`,
			`{"user":"","entrypoint":[],"shell":[],"workdir":"","stop_signal":""}`, `{}`},
		{"any argument is kept", `{}`,
			`{"entrypoint":[""],"cmd":["a\nb","k=v","<é\u2028>","","\"\\"],"env":{"E":"=a=\n","É":""},` +
				`"labels":{"l":"<&>"}}`,
			`{"Env":["E==a=\n","É="],"Entrypoint":[""],"Cmd":["a\nb","k=v","<é\u2028>","","\"\\"],` +
				`"Labels":{"l":"<&>"}}`},
		{"no healthcheck is a healthcheck", `{"Healthcheck":{"Test":["CMD","x"],"Retries":9}}`,
			`{"healthcheck":["NONE"]}`, `{"Healthcheck":{"Test":["NONE"]}}`},
		{"unknown keys are kept verbatim, sorted", `{"Vendor":{"b" : 1.50,"a":[null]},"OnBuild":["RUN x"],` +
			`"User":"u"}`, `{}`,
			`{"User":"u","OnBuild":["RUN x"],"Vendor":{"b":1.50,"a":[null]}}`},
		{"the building container is dropped", `{"Hostname":"h","Domainname":"d","Image":"i","MacAddress":"m",` +
			`"Tty":true,` +
			`"AttachStdin":true,"AttachStdout":true,"AttachStderr":true,"OpenStdin":true,"StdinOnce":true}`, `{}`,
			`{}`},
		{"no config", `null`, `{}`, `{}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := build(onBase(test.base), test.settings)
			if err != nil {
				t.Fatal(err)
			}
			if want := fill(onBase(test.want)); string(got.Bytes) != want {
				t.Errorf("got  %s\nwant %s", got.Bytes, want)
			}
		})
	}
}

func TestConfigDocument(t *testing.T) {
	at := time.Date(2020, 2, 3, 4, 5, 6, 7, time.UTC)
	for _, test := range []struct {
		name, base, settings string
		layers               []Layer
		want                 string
	}{
		{"from scratch", "", `{"os":"linux","architecture":"amd64"}`, nil, onBase(`{}`)},
		{"every key", "",
			`{"os":"windows","architecture":"arm","variant":"v7","os_version":"10.0","os_features":["win32k"],` +
				`"author":"Ann",` +
				`"created":"2020-02-03T06:05:06.5+02:00","workdir":"C:\\w","volumes":["\\v"]}`, nil,
			`{"created":"2020-02-03T04:05:06.5Z","author":"Ann","architecture":"arm","os":"windows",` +
				`"os.version":"10.0",` +
				`"os.features":["win32k"],"variant":"v7","config":{"Volumes":{"\\v":{}},"WorkingDir":"C:\\w"},` +
				`"rootfs":{"type":"layers","diff_ids":[]}}`},
		{"inherit, but not created", `{"created":"2001-01-01T00:00:00Z","author":"Ann","architecture":"arm",` +
			`"os":"linux",` +
			`"os.version":"1","os.features":["f"],"variant":"v6","rootfs":{"type":"layers","diff_ids":[]}}`, `{}`, nil,
			`{"created":"1970-01-01T00:00:00Z","author":"Ann","architecture":"arm","os":"linux","os.version":"1",` +
				`"os.features":["f"],"variant":"v6","config":{},"rootfs":{"type":"layers","diff_ids":[]}}`},
		{"clear the platform and its qualifiers", `{"author":"Ann","architecture":"arm","os":"windows",` +
			`"os.version":"1","os.features":["f"],"variant":"v6","rootfs":{"type":"layers","diff_ids":[]}}`,
			`{"clear":["os","architecture","author","created"],"os":"linux","architecture":"amd64"}`, nil,
			onBase(`{}`)},
		{"clear and replace the platform's qualifiers", `{PLATFORM,"os.version":"1","os.features":["f"],` +
			`"variant":"v1",` +
			`"rootfs":{"type":"layers","diff_ids":[]}}`,
			`{"clear":["os_version","variant","os_features"]}`, nil, onBase(`{}`)},
		{"the base's platform may be repeated", `{PLATFORM,"variant":"v1","os.features":["f"],` +
			`"rootfs":{"type":"layers","diff_ids":[]}}`,
			`{"os":"linux","architecture":"amd64","variant":"v2","os_features":[]}`, nil,
			`{"created":"1970-01-01T00:00:00Z",PLATFORM,"variant":"v2","config":{},"rootfs":{"type":"layers",` +
				`"diff_ids":[]}}`},
		{"layers and history", `{PLATFORM,"rootfs":{"type":"layers","diff_ids":["D1"]},"history":[` +
			`{"created":"2001-02-03T04:05:06.100Z","vendor": 1},{"created_by":"ENV","empty_layer":true}]}`,
			`{"created":"2002-01-01T00:00:00Z"}`,
			[]Layer{{DiffID: two}, {DiffID: three, History: &oci.History{Created: &at, Comment: "<own>",
				Author: "Bob"}}},
			`{"created":"2002-01-01T00:00:00Z",PLATFORM,"config":{},"rootfs":{"type":"layers","diff_ids":["D1",` +
				`"D2","D3"]},` +
				`"history":[{"created":"2001-02-03T04:05:06.100Z","vendor":1},{"created_by":"ENV",` +
				`"empty_layer":true},` +
				`{"created":"2002-01-01T00:00:00Z","created_by":"rules_strata"},` +
				`{"created":"2020-02-03T04:05:06.000000007Z","author":"Bob","comment":"<own>"}]}`},
		{"a base without history", `{PLATFORM,"rootfs":{"type":"layers","diff_ids":["D1"]},"history":null}`, `{}`,
			[]Layer{{DiffID: two}},
			`{"created":"1970-01-01T00:00:00Z",PLATFORM,"config":{},"rootfs":{"type":"layers","diff_ids":["D1",` +
				`"D2"]},"history":[` +
				`{"created":"1970-01-01T00:00:00Z","comment":"layer of the base, history unknown"},` +
				`{"created":"1970-01-01T00:00:00Z","created_by":"rules_strata"}]}`},
		{"a base with too little history", `{PLATFORM,"rootfs":{"type":"layers","diff_ids":["D1","D2"]},"history":[` +
			`{"created_by":"a"},{"created_by":"b","empty_layer":true}]}`, `{"created":"2002-01-01T00:00:00Z"}`, nil,
			`{"created":"2002-01-01T00:00:00Z",PLATFORM,"config":{},"rootfs":{"type":"layers","diff_ids":["D1",` +
				`"D2"]},"history":[` +
				`{"created_by":"a"},{"created_by":"b","empty_layer":true},` +
				`{"created":"1970-01-01T00:00:00Z","comment":"layer of the base, history unknown"}]}`},
		{"a base with too much history", `{PLATFORM,"rootfs":{"type":"layers","diff_ids":["D1"]},"history":[` +
			`{"created_by":"a"},{"created_by":"b"}]}`, `{}`, nil,
			`{"created":"1970-01-01T00:00:00Z",PLATFORM,"config":{},"rootfs":{"type":"layers","diff_ids":["D1"]},` +
				`"history":[` +
				`{"created":"1970-01-01T00:00:00Z","comment":"layer of the base, history unknown"}]}`},
		{"unknown keys", `{"vendor.z":1,"vendor.a":{"x": [1e2]},PLATFORM,"rootfs":{"type":"layers","diff_ids":[]},` +
			`"id":"i","parent":"p","parent_id":"p","layer_id":"l","container":"c","container_config":{"Cmd":["x"]},` +
			`"docker_version":"20","comment":"c","Size":1,"throwaway":true}`, `{}`, nil,
			`{"created":"1970-01-01T00:00:00Z",PLATFORM,"config":{},"rootfs":{"type":"layers","diff_ids":[]},` +
				`"vendor.a":{"x":[1e2]},"vendor.z":1}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := build(test.base, test.settings, test.layers...)
			if err != nil {
				t.Fatal(err)
			}
			if want := fill(test.want); string(got.Bytes) != want {
				t.Errorf("got  %s\nwant %s", got.Bytes, want)
			}
		})
	}
}

func TestConfigDescriptor(t *testing.T) {
	got, err := build("", `{"os":"windows","architecture":"arm","variant":"v7","os_version":"10.0",`+
		`"os_features":["win32k"]}`)
	if err != nil {
		t.Fatal(err)
	}
	want := oci.Descriptor{
		MediaType: oci.MediaTypeConfig,
		Digest:    digest.FromBytes(got.Bytes),
		Size:      int64(len(got.Bytes)),
		Platform: &oci.Platform{
			OS: "windows", Architecture: "arm", Variant: "v7", OSVersion: "10.0", OSFeatures: []string{"win32k"},
		},
	}
	compareJSON(t, got.Descriptor, want)
}

// compareJSON compares values by their JSON encoding.
func compareJSON(t *testing.T, got, want any) {
	t.Helper()
	g, err := oci.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	w, err := oci.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if string(g) != string(w) {
		t.Errorf("got  %s\nwant %s", g, w)
	}
}

func TestConfigLayerLimit(t *testing.T) {
	base := `{PLATFORM,"rootfs":{"type":"layers","diff_ids":["D1"]}}`
	layers := make([]Layer, maxLayers)
	for i := range layers {
		layers[i].DiffID = repeated(fmt.Sprintf("%x", i%16))
	}
	if _, err := build(base, `{}`, layers[1:]...); err != nil {
		t.Errorf("%d layers: %v", maxLayers, err)
	}
	_, err := build(base, `{}`, layers...)
	if !errors.Is(err, ErrTooManyLayers) {
		t.Fatalf("%d layers: got %v", maxLayers+1, err)
	}
	if want := "too many layers: 1 of the base and 127 new ones make 128, the limit is 127"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

// A platform that only the base's descriptor states is added to the config, and so to the descriptor, of an image built
// on it. The base's config wins if the two differ, and settings override both.
func TestBasePlatform(t *testing.T) {
	windows := oci.Platform{OS: "windows", Architecture: "amd64", OSVersion: "10.0.1", OSFeatures: []string{"win32k"}}
	sse4 := oci.Platform{OS: "linux", Architecture: "amd64", Features: []string{"sse4"}}
	for _, test := range []struct {
		name, base, settings string
		stated, want         oci.Platform
	}{
		{"variant", `"os":"linux","architecture":"arm"`, `{}`,
			oci.Platform{OS: "linux", Architecture: "arm", Variant: "v7"},
			oci.Platform{OS: "linux", Architecture: "arm", Variant: "v7"}},
		{"version and features", `"os":"windows","architecture":"amd64"`, `{}`, windows, windows},
		{"no platform", `"author":""`, `{}`, windows, windows},
		{"the config differs", `"os":"linux","architecture":"arm","variant":"v6"`, `{}`,
			oci.Platform{OS: "linux", Architecture: "arm", Variant: "v7"},
			oci.Platform{OS: "linux", Architecture: "arm", Variant: "v6"}},
		{"of another platform", `"os":"linux","architecture":"arm64"`, `{}`,
			oci.Platform{OS: "linux", Architecture: "arm", Variant: "v7"},
			oci.Platform{OS: "linux", Architecture: "arm64"}},
		{"settings", `"os":"windows","architecture":"amd64"`, `{"os_version":"11","clear":["os_features"]}`, windows,
			oci.Platform{OS: "windows", Architecture: "amd64", OSVersion: "11"}},
		{"features of the processor", `"os":"linux","architecture":"amd64"`, `{}`, sse4, sse4},
		{"another processor", `"os":"linux","architecture":"amd64"`, `{"clear":["architecture"],"architecture":"arm64"}`,
			sse4, oci.Platform{OS: "linux", Architecture: "arm64"}},
	} {
		settings, err := ParseSettings([]byte(test.settings))
		if err != nil {
			t.Fatal(err)
		}
		settings.BasePlatform = &test.stated
		got, err := Config([]byte(`{`+test.base+`,"rootfs":{"type":"layers","diff_ids":[]}}`), nil, settings)
		var written oci.Platform
		if err == nil {
			err = oci.Unmarshal(got.Bytes, &written)
		}
		inConfig := test.want
		inConfig.Features = nil // configs have no such field
		if err != nil || !reflect.DeepEqual(*got.Descriptor.Platform, test.want) || !reflect.DeepEqual(written, inConfig) {
			t.Errorf("%s: %+v, config %s, %v", test.name, got.Descriptor.Platform, got.Bytes, err)
		}
	}
}

// An image for the base's architecture has at least the variant that its layers are built for.
func TestLeastVariant(t *testing.T) {
	for _, test := range []struct{ base, settings, want string }{
		{"amd64", `{"least_variant":"amd64/v3"}`, "v3"},
		{"amd64/v4", `{"least_variant":"amd64/v3"}`, "v4"},
		{"amd64", `{"least_variant":"amd64/v3","variant":"v2"}`, "v2"},
		{"amd64/v2", `{"least_variant":"amd64/v3","clear":["variant"]}`, "v3"},
		{"amd64/fast", `{"least_variant":"amd64/v3"}`, "fast"},
		{"amd64", `{"least_variant":"amd64/fast"}`, ""},
		{"amd64", `{"least_variant":"arm/v7"}`, ""},
		{"arm", `{"least_variant":"arm/v7"}`, ""}, // the one that arm implies
		{"arm", `{"least_variant":"arm/v8"}`, "v8"},
		{"arm/v6", `{"least_variant":"arm/v7"}`, "v7"},
		{"arm/v7", `{"least_variant":"arm/v6"}`, "v7"},
		{"arm64", `{"least_variant":"arm64/v9"}`, "v9"},
		{"arm64/v9", `{"least_variant":"arm64/v10"}`, "v10"},
	} {
		architecture, variant, _ := strings.Cut(test.base, "/")
		got, err := build(`{"os":"linux","architecture":"`+architecture+`","variant":"`+variant+
			`","rootfs":{"type":"layers","diff_ids":[]}}`, test.settings)
		if err != nil || got.Descriptor.Platform.Variant != test.want {
			t.Errorf("%s on %s: %+v, %v, want %q", test.settings, test.base, got.Descriptor.Platform, err, test.want)
		}
	}
}
