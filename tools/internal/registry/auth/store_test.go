package auth

import (
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// TestMain lets the test binary stand in for the helper programs: its name selects the behaviour.
func TestMain(m *testing.M) {
	name, isHelper := strings.CutPrefix(filepath.Base(os.Args[0]), helperPrefix)
	if !isHelper {
		os.Exit(m.Run())
	}
	server, _ := io.ReadAll(os.Stdin)
	if len(os.Args) != 2 || os.Args[1] != "get" {
		os.Exit(9)
	}
	switch name {
	case "echo": // a helper with a credential for every server
		fmt.Printf(`{"ServerURL":%q,"Username":"helped","Secret":"secret of %s"}`, server, server)
	case "token":
		fmt.Print(`{"Username":"<token>","Secret":"identity"}`)
	case "empty":
		fmt.Println("credentials not found in native keychain")
		os.Exit(1)
	case "locked":
		fmt.Println("the keychain is \x1b[31mlocked")
		os.Exit(1)
	case "leaky":
		fmt.Print(`{"Username":"u","Secret":"s3cret"}`)
		fmt.Fprint(os.Stderr, "late failure\nmore")
		os.Exit(2)
	case "hanging":
		time.Sleep(time.Minute)
	case "endless":
		for {
			fmt.Println(`{"Username":"u","Secret":"s3cret"}`)
		}
	case "parent": // of a child that keeps the output open
		child := exec.Command(filepath.Join(filepath.Dir(os.Args[0]), helperPrefix+"hanging"), "get")
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		child.Start()
		fmt.Print(`{"Username":"u","Secret":"pw"}`)
	case "garbage":
		fmt.Print(`s3cret`)
	}
	os.Exit(0)
}

// installHelpers puts programs with these names on the PATH.
func installHelpers(t *testing.T, names ...string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range names {
		if err := os.Symlink(self, filepath.Join(dir, helperPrefix+name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
}

func TestDefaultFiles(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		home string
		uid  int
		want []string
	}{
		{"bare", nil, "/h", 7, []string{
			"/run/containers/7/auth.json", "/h/.config/containers/auth.json", "/h/.docker/config.json",
		}},
		{"all", map[string]string{
			"REGISTRY_AUTH_FILE": "/a.json", "XDG_RUNTIME_DIR": "/run/u", "XDG_CONFIG_HOME": "/cfg", "DOCKER_CONFIG": "/d",
		}, "/h", 7, []string{
			"/a.json", "/run/u/containers/auth.json", "/cfg/containers/auth.json", "/d/config.json",
		}},
		{"no home, no user id", nil, "", -1, nil},
	}
	for _, test := range tests {
		got := defaultFiles(func(name string) string { return test.env[name] }, test.home, test.uid)
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// open is a Credential that a failing test may print.
type open Credential

func TestFind(t *testing.T) {
	installHelpers(t, "echo", "token", "empty")
	user := func(name string) string { return fmt.Sprintf(`{"auth":%q}`, encode(name+":pw")) }
	is := func(name string) Credential { return Credential{Username: name, Password: "pw"} }
	tests := []struct {
		name, ref string
		files     []string
		want      Credential
	}{
		{"no files", "quay.io/a", nil, Credential{}},
		{"another registry", "quay.io/a", []string{`{"auths":{"ghcr.io":` + user("u") + `}}`}, Credential{}},
		{"host", "quay.io/a", []string{`{"auths":{"quay.io":` + user("u") + `}}`}, is("u")},
		{"port", "localhost:5000/a", []string{`{"auths":{"localhost:5000":` + user("u") + `}}`}, is("u")},
		{"other port", "localhost:5000/a", []string{`{"auths":{"localhost":` + user("u") + `}}`}, Credential{}},
		{"URL", "quay.io/a", []string{`{"auths":{"https://quay.io":` + user("u") + `}}`}, is("u")},
		{"URL with path", "quay.io/a", []string{`{"auths":{"http://quay.io/v1/":` + user("u") + `}}`}, is("u")},
		{"host with version", "quay.io/a", []string{`{"auths":{"quay.io/v2":` + user("u") + `}}`}, is("u")},
		{"exact spelling first", "quay.io/a",
			[]string{`{"auths":{"https://quay.io":` + user("u") + `,"quay.io":` + user("v") + `}}`}, is("v")},
		{"Docker Hub", "alpine", []string{`{"auths":{"https://index.docker.io/v1/":` + user("u") + `}}`}, is("u")},
		{"Docker Hub by its API", "alpine", []string{`{"auths":{"registry-1.docker.io":` + user("u") + `}}`}, is("u")},
		{"Docker Hub as podman writes it", "alpine", []string{`{"auths":{"docker.io":` + user("u") + `}}`}, is("u")},
		{"longest prefix", "quay.io/a/b/c", []string{
			`{"auths":{"quay.io":` + user("u") + `,"quay.io/a/b":` + user("w") + `,"quay.io/a":` + user("v") + `}}`,
		}, is("w")},
		{"prefix of whole components", "quay.io/ab", []string{
			`{"auths":{"quay.io/a":` + user("v") + `,"quay.io":` + user("u") + `}}`,
		}, is("u")},
		{"first file", "quay.io/a", []string{
			`{"auths":{"quay.io":` + user("u") + `}}`, `{"auths":{"quay.io":` + user("v") + `}}`,
		}, is("u")},
		{"empty entry", "quay.io/a",
			[]string{`{"auths":{"quay.io":{}}}`, `{"auths":{"quay.io":` + user("v") + `}}`}, is("v")},
		{"plain", "quay.io/a", []string{`{"auths":{"quay.io":{"username":"u","password":"pw"}}}`}, is("u")},
		{"colon and NUL in the password", "quay.io/a",
			[]string{fmt.Sprintf(`{"auths":{"quay.io":{"auth":%q}}}`, encode("u:p:w\x00\x00"))},
			Credential{Username: "u", Password: "p:w"}},
		{"identity token", "quay.io/a",
			[]string{fmt.Sprintf(`{"auths":{"quay.io":{"auth":%q,"identitytoken":"id"}}}`, encode("u:"))},
			Credential{Username: "u", IdentityToken: "id"}},
		{"registry token", "quay.io/a", []string{`{"auths":{"quay.io":{"registrytoken":"rt"}}}`},
			Credential{RegistryToken: "rt"}},
		{"helper", "quay.io/a", []string{`{"credHelpers":{"quay.io":"echo"},"auths":{"quay.io":` + user("u") + `}}`},
			Credential{Username: "helped", Password: "secret of quay.io"}},
		{"helper before the one for all", "quay.io/a", []string{`{"credHelpers":{"quay.io":"token"},"credsStore":"echo"}`},
			Credential{IdentityToken: "identity"}},
		{"helper for all", "quay.io/a", []string{`{"credHelpers":{"ghcr.io":"token"},"credsStore":"echo"}`},
			Credential{Username: "helped", Password: "secret of quay.io"}},
		{"helper for all and Docker Hub", "alpine", []string{`{"credsStore":"echo"}`},
			Credential{Username: "helped", Password: "secret of https://index.docker.io/v1/"}},
		{"helper without a credential", "quay.io/a",
			[]string{`{"credHelpers":{"quay.io":"empty"},"credsStore":"empty","auths":{"quay.io":` + user("u") + `}}`}, is("u")},
		{"exempt from the helper for all", "quay.io/a",
			[]string{`{"credHelpers":{"quay.io":""},"credsStore":"echo","auths":{"quay.io":` + user("u") + `}}`}, is("u")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			store := &Store{Files: []string{filepath.Join(t.TempDir(), "absent.json")}}
			for i, text := range test.files {
				store.Files = append(store.Files, writeFile(t, fmt.Sprintf("%d.json", i), text))
			}
			got, err := store.Find(t.Context(), parse(t, test.ref))
			if err != nil || got != test.want {
				t.Errorf("Find = %+v, %v, want %+v", open(got), err, open(test.want))
			}
		})
	}
}

func TestFindFails(t *testing.T) {
	installHelpers(t, "locked", "leaky", "garbage")
	const secret = "s3cret"
	tests := []struct{ name, text, want string }{
		{"not JSON", `{"auths":{"quay.io":{"password":"s3cret"}} x`, "FILE: not JSON, near byte 44"},
		{"cut off", `{"auths":{"quay.io":{"password":"s3cret"`, "FILE: not JSON, near byte 40"},
		{"wrong type", `{"auths":{"quay.io":{"password":{"s3cret":1}}}}`,
			"FILE: a value of the wrong type, near byte 33"},
		{"not base64", `{"auths":{"quay.io":{"auth":"user:s3cret"}}}`,
			"FILE: auths: quay.io: auth is not the base64 form of user:password"},
		{"no colon", fmt.Sprintf(`{"auths":{"quay.io":{"auth":%q}}}`, encode(secret)),
			"FILE: auths: quay.io: auth is not the base64 form of user:password"},
		{"no such helper", `{"credsStore":"absent"}`,
			"FILE: docker-credential-absent: not found on the PATH, but it has the credential for quay.io"},
		{"helper's path", `{"credsStore":"../x"}`, `FILE: credential helper "../x": must be a name, not a path`},
		{"locked", `{"credsStore":"locked"}`,
			"FILE: docker-credential-locked: quay.io: exit status 1: the keychain is  [31mlocked"},
		{"leaky", `{"credsStore":"leaky"}`, "FILE: docker-credential-leaky: quay.io: exit status 2: late failure"},
		{"garbage", `{"credsStore":"garbage"}`, "FILE: docker-credential-garbage: quay.io: the answer is not JSON"},
	}
	for _, test := range tests {
		path := writeFile(t, "config.json", test.text)
		c, err := (&Store{Files: []string{path}}).Find(t.Context(), parse(t, "quay.io/a"))
		want := "credentials: " + strings.Replace(test.want, "FILE", path, 1)
		if err == nil || err.Error() != want || !c.IsAnonymous() {
			t.Errorf("%s: error %v\nwant %s", test.name, err, want)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error contains the secret", test.name)
		}
	}
	if _, err := (&Store{Files: []string{t.TempDir()}}).Find(t.Context(), parse(t, "quay.io/a")); err == nil {
		t.Error("no error for a directory in place of a file")
	}
}

// Helpers that hang, print too much, or leave a child that keeps the output open.
func TestHelperLimits(t *testing.T) {
	installHelpers(t, "hanging", "endless", "parent")
	for name, want := range map[string]string{
		"hanging": "docker-credential-hanging: quay.io: docker-credential-hanging gave no answer for 3s",
		"endless": "docker-credential-endless: quay.io: the answer is longer than 1048576 bytes",
		"parent":  "",
	} {
		path := writeFile(t, "config.json", fmt.Sprintf(`{"credsStore":%q}`, name))
		limits := transport.Limits{Notice: time.Second, Silence: 3 * time.Second}
		if name == "endless" {
			limits = transport.DefaultLimits
		}
		c, err := (&Store{Files: []string{path}, Limits: limits}).Find(t.Context(), parse(t, "quay.io/a"))
		switch {
		case want == "" && (err != nil || c != Credential{Username: "u", Password: "pw"}):
			t.Errorf("%s: %+v, %v", name, open(c), err)
		case want != "" && (err == nil || err.Error() != "credentials: "+path+": "+want):
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCredentialIsHidden(t *testing.T) {
	c := Credential{"s3cret", "s3cret", "s3cret", "s3cret"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, value := range []any{c, &c, []Credential{c}, struct{ C Credential }{c}} {
			text := fmt.Sprintf(verb, value)
			if strings.Contains(text, "s3cret") || strings.Contains(text, "733363726574") {
				t.Errorf("%s shows %s", verb, text)
			}
		}
	}
}

func parse(t *testing.T, name string) reference.Reference {
	t.Helper()
	ref, err := reference.Parse(name)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
