// Package capability turns the text form of a file's capabilities, as used by setcap, into the value of the extended
// attribute security.capability.
//
// Non-goals: reading such values, and capabilities of user namespaces.
package capability

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// names are Linux's capabilities, in the order of their bits (include/uapi/linux/capability.h).
var names = strings.Fields(`chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable
	net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace
	sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap
	mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore`)

// The first word of the attribute's value: version 2, and whether the sets are effective from the start.
const (
	revision2 = 0x02000000
	effective = 1
)

// sets are a file's effective, inheritable and permitted capabilities: a bit for each capability.
type sets struct{ e, i, p uint64 }

// Parse returns the attribute's value for a text as in cap_text_formats(7): clauses, separated by blanks, each with names,
// separated by commas, and operators with flags, such as "cap_net_raw,cap_net_admin=ep". "all" stands for all
// capabilities, as does an empty list of names.
func Parse(text string) (string, error) {
	var s sets
	clauses := strings.Fields(text)
	if len(clauses) == 0 {
		return "", errors.New("no capabilities")
	}
	for _, clause := range clauses {
		if err := s.apply(clause); err != nil {
			return "", fmt.Errorf("%q: %w", clause, err)
		}
	}
	return s.encode()
}

// apply applies a clause.
func (s *sets) apply(clause string) error {
	at := strings.IndexAny(clause, "=+-")
	if at < 0 {
		return errors.New("no =, + or -")
	}
	mask, err := parseNames(clause[:at])
	if err != nil {
		return err
	}
	if at == 0 && clause[0] != '=' {
		return errors.New("no name before + or -")
	}
	for rest := clause[at:]; rest != ""; {
		operator := rest[0]
		flags := rest[1:]
		rest = ""
		if next := strings.IndexAny(flags, "=+-"); next >= 0 {
			flags, rest = flags[:next], flags[next:]
		}
		switch {
		case operator == '=':
			s.e, s.i, s.p = s.e&^mask, s.i&^mask, s.p&^mask
		case flags == "":
			return fmt.Errorf("no flag after %c", operator)
		}
		for _, flag := range flags {
			set := map[rune]*uint64{'e': &s.e, 'i': &s.i, 'p': &s.p}[flag]
			switch {
			case set == nil:
				return fmt.Errorf("unknown flag %q, expected e, i or p", flag)
			case operator == '-':
				*set &^= mask
			default:
				*set |= mask
			}
		}
	}
	return nil
}

func parseNames(list string) (mask uint64, err error) {
	all := uint64(1)<<len(names) - 1
	if list == "" {
		return all, nil
	}
	for name := range strings.SplitSeq(strings.ToLower(list), ",") {
		bit := slices.Index(names, strings.TrimPrefix(name, "cap_"))
		switch {
		case name == "all":
			mask |= all
		case bit < 0:
			return 0, fmt.Errorf("unknown capability %q", name)
		default:
			mask |= 1 << bit
		}
	}
	return mask, nil
}

// encode returns the value: five words of 32 bits, little-endian. A file has one effective bit for all of its
// capabilities.
func (s *sets) encode() (string, error) {
	first := uint32(revision2)
	switch given := s.p | s.i; {
	case s.e == 0:
	case s.e == given:
		first |= effective
	default:
		return "", errors.New("either all or none of a file's capabilities must be effective")
	}
	var b []byte
	for _, word := range []uint32{first, uint32(s.p), uint32(s.i), uint32(s.p >> 32), uint32(s.i >> 32)} {
		b = binary.LittleEndian.AppendUint32(b, word)
	}
	return string(b), nil
}
