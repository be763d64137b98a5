package certificates

import (
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// subjects returns the certificates of testdata/subjects.pem, and their hashes as OpenSSL prints them.
func subjects(t testing.TB) (all []Certificate, hashes []string) {
	t.Helper()
	data, err := os.ReadFile("testdata/subjects.pem")
	if err != nil {
		t.Fatal(err)
	}
	hashes = regexp.MustCompile(`(?m)^[0-9a-f]{8}$`).FindAllString(string(data), -1)
	if all, err = Parse(data); err != nil || len(all) != len(hashes) || len(all) < 7 {
		t.Fatalf("%d certificates, %d hashes: %v", len(all), len(hashes), err)
	}
	return all, hashes
}

func TestHash(t *testing.T) {
	all, hashes := subjects(t)
	for n, c := range all {
		if got := fmt.Sprintf("%08x", c.hash); got != hashes[n] {
			t.Errorf("certificate %d: got %s, want %s", n, got, hashes[n])
		}
		again, err := Parse(c.DER)
		if err != nil || len(again) != 1 || again[0].hash != c.hash {
			t.Errorf("certificate %d in DER: %v", n, err)
		}
	}
}

// text returns certificates in PEM.
func text(all ...Certificate) string {
	var b strings.Builder
	for _, c := range all {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.DER}))
	}
	return b.String()
}

func TestStore(t *testing.T) {
	all, hashes := subjects(t)
	s := NewStore(nil, nil)
	s.Add("certs/my ča (1).crt", all[:2])
	s.Add("other/my ča (1).crt", all[2:3])
	s.Add("again.pem", all[:1]) // a duplicate
	s.Add("same.pem", all[5:7]) // two with one subject
	if hashes[5] != hashes[6] {
		t.Fatal("the last certificates of the test have different hashes")
	}
	files := s.Files()
	want := map[string]string{
		Bundle:                  text(all[0], all[1], all[2], all[5], all[6]),
		Dir + "/my_ča_1_.pem":   text(all[0]),
		Dir + "/my_ča_1__2.pem": text(all[1]),
		Dir + "/my_ča_1__3.pem": text(all[2]),
		Dir + "/same.pem":       text(all[5]),
		Dir + "/same_2.pem":     text(all[6]),
	}
	if !maps.Equal(files, want) {
		t.Errorf("got %v", slices.Sorted(maps.Keys(files)))
	}
	links := map[string]string{
		Dir + "/" + hashes[0] + ".0": "my_ča_1_.pem", Dir + "/" + hashes[1] + ".0": "my_ča_1__2.pem",
		Dir + "/" + hashes[2] + ".0": "my_ča_1__3.pem",
		Dir + "/" + hashes[5] + ".0": "same.pem", Dir + "/" + hashes[6] + ".1": "same_2.pem",
	}
	if got := s.Links(); !maps.Equal(got, links) {
		t.Errorf("got %v, want %v", got, links)
	}
}

// The bundle and the files of a base stay.
func TestBase(t *testing.T) {
	all, hashes := subjects(t)
	base := "# of the base\n" + strings.TrimSuffix(text(all[0]), "\n")
	s := NewStore([]byte(base), []string{"new.pem", hashes[1] + ".0", hashes[0] + ".0", "base.pem"})
	s.Add("new.crt", all[:2])
	want := map[string]string{Bundle: base + "\n" + text(all[1]), Dir + "/new_2.pem": text(all[1])}
	if got := s.Files(); !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	if got, want := s.Links(), map[string]string{Dir + "/" + hashes[1] + ".1": "new_2.pem"}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestParseErrors(t *testing.T) {
	all, _ := subjects(t)
	block := func(kind string, data []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}))
	}
	good := text(all[0])
	for data, want := range map[string]string{
		"":                                       "no certificate in PEM or DER",
		"hello":                                  "no certificate in PEM or DER",
		good + block("PRIVATE KEY", []byte("x")): "a PRIVATE KEY, expected only certificates",
		block("TRUSTED CERTIFICATE", all[0].DER): "a TRUSTED CERTIFICATE, which only OpenSSL reads: convert it with openssl x509",
		good + block("CERTIFICATE", []byte("x")): "certificate 2: not an X.509 certificate",
		good + strings.TrimSuffix(good, "-\n"):   "the PEM block after 1 certificates is malformed",
		"\x30\x03\x02\x01\x05":                   "not an X.509 certificate",
		string(all[0].DER) + "x":                 "not an X.509 certificate",
		string(all[0].DER[:100]):                 "not an X.509 certificate",
	} {
		if got, err := Parse([]byte(data)); err == nil || err.Error() != want {
			t.Errorf("%.60q: got %d, %v, want %s", data, len(got), err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	all, _ := subjects(f)
	f.Add([]byte(text(all[0], all[1])))
	for _, c := range all {
		f.Add(c.DER)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := Parse(data)
		if err != nil {
			return
		}
		s := NewStore(nil, nil)
		s.Add("x.pem", found)
		again, err := Parse([]byte(s.Files()[Bundle]))
		if err != nil || len(again) > len(found) || len(again) == 0 {
			t.Fatalf("%d certificates, then %d: %v", len(found), len(again), err)
		}
		if len(s.Links()) != len(again) {
			t.Errorf("%d links of %d certificates", len(s.Links()), len(again))
		}
	})
}
