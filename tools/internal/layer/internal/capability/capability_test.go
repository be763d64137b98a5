package capability

import (
	"encoding/hex"
	"testing"
)

// The values are those that setcap of libcap 2.66 set on a file, as printed by getfattr.
func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"cap_net_bind_service=+ep":            "0100000200040000000000000000000000000000",
		"cap_net_bind_service+ep":             "0100000200040000000000000000000000000000",
		"CAP_NET_RAW,cap_net_admin=ep":        "0100000200300000000000000000000000000000",
		"cap_net_raw=p":                       "0000000200200000000000000000000000000000",
		"cap_net_raw=i":                       "0000000200000000002000000000000000000000",
		"cap_bpf,cap_chown=eip":               "0100000201000000010000008000000080000000",
		"=ep":                                 "01000002ffffffff00000000ff01000000000000",
		"all=p":                               "00000002ffffffff00000000ff01000000000000",
		"cap_kill,cap_bpf=p cap_bpf-p":        "0000000220000000000000000000000000000000",
		"cap_kill=eip cap_kill=p":             "0000000220000000000000000000000000000000",
		"cap_kill=p-p+i":                      "0000000200000000200000000000000000000000",
		"cap_checkpoint_restore=p\tcap_kill=": "0000000200000000000000000001000000000000",
	} {
		got, err := Parse(text)
		if hex.EncodeToString([]byte(got)) != want || err != nil {
			t.Errorf("%q: %x, %v; want %s", text, got, err, want)
		}
	}
}

func TestParseRefused(t *testing.T) {
	for text, want := range map[string]string{
		" ":                     "no capabilities",
		"cap_kill":              `"cap_kill": no =, + or -`,
		"cap_fly=p":             `"cap_fly=p": unknown capability "cap_fly"`,
		"cap_kill,=p":           `"cap_kill,=p": unknown capability ""`,
		"cap_kill=x":            `"cap_kill=x": unknown flag 'x', expected e, i or p`,
		"cap_kill+":             `"cap_kill+": no flag after +`,
		"+ep":                   `"+ep": no name before + or -`,
		"cap_kill=ep cap_bpf=p": "either all or none of a file's capabilities must be effective",
		"cap_kill=e":            "either all or none of a file's capabilities must be effective",
	} {
		if got, err := Parse(text); err == nil || err.Error() != want {
			t.Errorf("%q: %x, %v; want %s", text, got, err, want)
		}
	}
}
