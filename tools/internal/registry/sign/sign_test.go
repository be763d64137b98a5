package sign

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/store/archive"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

// behaviour is the environment variable that makes the test binary a signer.
const behaviour = "TEST_SIGNER"

var subject = oci.Descriptor{MediaType: oci.MediaTypeManifest, Digest: digest.FromBytes([]byte("image")), Size: 5}

func TestMain(m *testing.M) {
	if how := os.Getenv(behaviour); how != "" {
		os.Exit(signer(how))
	}
	os.Exit(m.Run())
}

// signer behaves like a signer, and returns its exit code.
func signer(how string) int {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return 3
	}
	switch how {
	case "good":
		var got oci.Descriptor
		if err := oci.Unmarshal(input, &got); err != nil || !reflect.DeepEqual(got, subject) {
			fmt.Fprintf(os.Stderr, "standard input: %s (%v)\n", input, err)
			return 4
		}
		fmt.Fprintf(os.Stderr, "arguments %q\n", os.Args[1:])
		os.Stdout.Write(output(artifactOf(&subject, "signature")))
	case "bad":
		fmt.Fprintln(os.Stderr, "no key")
		return 7
	case "endless":
		for {
			if _, err := os.Stdout.Write(make([]byte, 1<<20)); err != nil {
				return 5
			}
		}
	case "slow":
		interrupted := make(chan os.Signal, 1)
		signal.Notify(interrupted, os.Interrupt)
		select {
		case <-interrupted:
			return 6
		case <-time.After(time.Minute):
		}
	}
	return 0
}

// artifactOf returns a manifest with a subject and one blob.
func artifactOf(subject *oci.Descriptor, text string) (imagetest.Store, oci.Manifest) {
	store := imagetest.Store{}
	return store, oci.Manifest{
		Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest, ArtifactType: "example/signature", Subject: subject,
		Config: store.Add(oci.MediaTypeEmpty, []byte("{}")), Layers: []oci.Descriptor{store.Add("text/plain", []byte(text))},
	}
}

// output returns the layout of a manifest as a tar.
func output(store imagetest.Store, manifest oci.Manifest) []byte {
	return pack(store, add(store, manifest))
}

func add(store imagetest.Store, manifest oci.Manifest) oci.Descriptor {
	data, err := oci.Marshal(manifest)
	if err != nil {
		panic(err)
	}
	return store.Add(oci.MediaTypeManifest, data)
}

func pack(store imagetest.Store, roots ...oci.Descriptor) []byte {
	var images []layout.Image
	for _, root := range roots {
		images = append(images, layout.Image{Root: root})
	}
	var b bytes.Buffer
	if err := archive.WriteAll(context.Background(), &b, store, images); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// program returns the test binary as a signer, and its messages.
func program(how string) (Program, *bytes.Buffer) {
	var stderr bytes.Buffer
	return Program{
		Path: os.Args[0], Args: []string{"--key=secret"}, Stderr: &stderr,
		Env: append(os.Environ(), behaviour+"="+how),
	}, &stderr
}

func TestSign(t *testing.T) {
	p, stderr := program("good")
	d := subject
	d.Annotations = map[string]string{"only": "in index.json"}
	signatures, err := p.Sign(t.Context(), d)
	if err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	if want := fmt.Sprintf("arguments %q\n", []string{Command, "--key=secret"}); stderr.String() != want {
		t.Errorf("messages %q, want %q", stderr, want)
	}
	if len(signatures.Roots) != 1 || signatures.Roots[0].ArtifactType != "example/signature" {
		t.Fatalf("roots %+v", signatures.Roots)
	}
	if _, err := content.ReadAll(t.Context(), signatures.Source, signatures.Roots[0]); err != nil {
		t.Error(err)
	}
}

func TestSignFails(t *testing.T) {
	for how, want := range map[string]string{
		"bad":     "exit status 7",
		"endless": "more than 16777216 bytes of output",
		"slow":    "no signature after 300ms",
		"silent":  "output: empty, expected an OCI image layout as a tar",
	} {
		p, stderr := program(how)
		if how == "slow" {
			p.Timeout = 300 * time.Millisecond
		}
		start := time.Now()
		_, err := p.Sign(t.Context(), subject)
		if err == nil || !strings.HasPrefix(err.Error(), "signer "+p.name()+": ") || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", how, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error has the arguments: %v", how, err)
		}
		if how == "bad" && stderr.String() != "no key\n" {
			t.Errorf("messages %q", stderr)
		}
		if took := time.Since(start); took > graceTime/2 {
			t.Errorf("%s: took %v", how, took)
		}
	}
	absent := Program{Path: "absent-signer"}
	if _, err := absent.Sign(t.Context(), subject); err == nil || !strings.Contains(err.Error(), "not found in $PATH") {
		t.Errorf("an absent program: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	p, _ := program("slow")
	stopped := errors.New("stopped")
	time.AfterFunc(300*time.Millisecond, func() { cancel(stopped) })
	if _, err := p.Sign(ctx, subject); !errors.Is(err, stopped) {
		t.Errorf("interrupted: %v", err)
	}
}

func TestReadRefuses(t *testing.T) {
	good := output(artifactOf(&subject, "signature"))
	changed := func(change func(store imagetest.Store, manifest *oci.Manifest)) []byte {
		store, manifest := artifactOf(&subject, "signature")
		change(store, &manifest)
		return output(store, manifest)
	}
	for _, test := range []struct {
		name   string
		output []byte
		want   string
	}{
		{"not a tar", []byte("signature"), "not a tar archive"},
		{"not a layout", imagetest.Tar(t, imagetest.File{Name: "a", Data: "b"}), "not an OCI image layout"},
		{"cut", good[:len(good)-2048], ""},
		{"two entries", append(good[:len(good)-1024:len(good)-1024], good...), "two entries have the name"},
		{"no artifact", pack(imagetest.Store{}), "index.json lists no artifact"},
		{"no subject", changed(func(_ imagetest.Store, m *oci.Manifest) { m.Subject = nil }), "no subject"},
		{"another subject", changed(func(_ imagetest.Store, m *oci.Manifest) {
			m.Subject = &oci.Descriptor{MediaType: subject.MediaType, Digest: digest.FromBytes(nil), Size: 5}
		}), "the subject is"},
		{"another size", changed(func(_ imagetest.Store, m *oci.Manifest) {
			m.Subject = &oci.Descriptor{MediaType: subject.MediaType, Digest: subject.Digest, Size: 6}
		}), "of 6 bytes"},
		{"another media type", changed(func(_ imagetest.Store, m *oci.Manifest) {
			m.Subject = &oci.Descriptor{MediaType: oci.MediaTypeIndex, Digest: subject.Digest, Size: 5}
		}), "image.index"},
		{"a false digest", bytes.Replace(good, []byte("signature\x00"), []byte("signaturf\x00"), 1), "digest"},
		{"a manifest as a layer", changed(func(store imagetest.Store, m *oci.Manifest) {
			_, inner := artifactOf(&subject, "signature")
			m.Layers = append(m.Layers, add(store, inner))
		}), "a document of its own"},
		{"schema version", changed(func(_ imagetest.Store, m *oci.Manifest) { m.SchemaVersion = 1 }), "schemaVersion is 1"},
	} {
		signatures, err := read(t.Context(), test.output, subject)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %+v, error %v, want %s", test.name, signatures.Roots, err, test.want)
		}
	}

	store, manifest := artifactOf(&subject, "signature")
	root := add(store, manifest)
	index := root
	index.MediaType = oci.MediaTypeIndex
	for _, test := range []struct {
		roots []oci.Descriptor
		want  string
	}{
		{[]oci.Descriptor{index}, `media type "` + oci.MediaTypeIndex + `"`},
		{slices.Repeat([]oci.Descriptor{root}, maxArtifacts+1), "lists 17 artifacts, the limit is 16"},
	} {
		text, err := oci.Marshal(oci.Index{Versioned: oci.SchemaVersion, Manifests: test.roots})
		if err != nil {
			t.Fatal(err)
		}
		files := []imagetest.File{
			{Name: layout.MarkerFile, Data: layout.Marker}, {Name: layout.IndexFile, Data: string(text)},
			{Name: layout.BlobPath(root.Digest), Data: string(store[root.Digest])},
		}
		if _, err := read(t.Context(), imagetest.Tar(t, files...), subject); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %s", err, test.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(output(artifactOf(&subject, "signature")))
	f.Add([]byte("signature"))
	f.Fuzz(func(t *testing.T, data []byte) {
		signatures, err := read(t.Context(), data, subject)
		if err != nil {
			return
		}
		for _, root := range signatures.Roots {
			err := content.Walk(t.Context(), signatures.Source, root, func(d oci.Descriptor, _ []byte) error {
				return content.Copy(t.Context(), io.Discard, signatures.Source, d)
			})
			if err != nil {
				t.Errorf("%s: %v", root.Digest, err)
			}
		}
	})
}
