package certificates

import (
	"bytes"
	"crypto/sha1" // the digest that names the links; nothing relies on it for security
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
)

// Tags of ASN.1 (X.690, section 8).
const (
	tagSequence        = 0x30
	tagSet             = 0x31
	tagUniversalString = 28
)

var errNotCertificate = errors.New("not an X.509 certificate")

// newCertificate returns a certificate of which it checks the structure (RFC 5280, section 4.1).
func newCertificate(der []byte) (Certificate, error) {
	var whole struct {
		TBS, Algorithm asn1.RawValue
		Signature      asn1.BitString
	}
	if rest, err := asn1.Unmarshal(der, &whole); err != nil || len(rest) > 0 {
		return Certificate{}, errNotCertificate
	}
	var tbs struct {
		Version    asn1.RawValue `asn1:"optional,explicit,tag:0"`
		Serial     asn1.RawValue
		Algorithm  asn1.RawValue
		Issuer     asn1.RawValue
		Validity   asn1.RawValue
		Subject    asn1.RawValue
		PublicKey  asn1.RawValue
		IssuerID   asn1.RawValue `asn1:"optional,tag:1"`
		SubjectID  asn1.RawValue `asn1:"optional,tag:2"`
		Extensions asn1.RawValue `asn1:"optional,explicit,tag:3"`
	}
	if _, err := asn1.Unmarshal(whole.TBS.FullBytes, &tbs); err != nil {
		return Certificate{}, errNotCertificate
	}
	hash, err := subjectHash(tbs.Subject)
	if err != nil {
		return Certificate{}, fmt.Errorf("subject: %w", err)
	}
	return Certificate{DER: der, hash: hash}, nil
}

// subjectHash is OpenSSL's X509_NAME_hash: the first four bytes, in little-endian order, of the SHA-1 of the canonical encoding
// of the name. In that encoding, strings are in UTF-8, in lower case, and without redundant spaces.
func subjectHash(name asn1.RawValue) (uint32, error) {
	sets, err := elements(name, tagSequence)
	if err != nil {
		return 0, err
	}
	sum := sha1.New()
	for _, set := range sets {
		attributes, err := elements(set, tagSet)
		if err != nil {
			return 0, err
		}
		var all [][]byte
		for _, attribute := range attributes {
			encoded, err := canonical(attribute)
			if err != nil {
				return 0, err
			}
			all = append(all, encoded)
		}
		slices.SortFunc(all, bytes.Compare)
		sum.Write(element(tagSet, bytes.Join(all, nil)))
	}
	return binary.LittleEndian.Uint32(sum.Sum(nil)), nil
}

// elements returns the elements of a sequence or a set.
func elements(of asn1.RawValue, tag byte) ([]asn1.RawValue, error) {
	if len(of.FullBytes) == 0 || of.FullBytes[0] != tag {
		return nil, errNotCertificate
	}
	var all []asn1.RawValue
	for rest := of.Bytes; len(rest) > 0; {
		var one asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &one); err != nil {
			return nil, errNotCertificate
		}
		all = append(all, one)
	}
	return all, nil
}

// canonical returns the canonical encoding of an attribute: a type and a value.
func canonical(attribute asn1.RawValue) ([]byte, error) {
	parts, err := elements(attribute, tagSequence)
	if err != nil || len(parts) != 2 {
		return nil, errNotCertificate
	}
	value := parts[1].FullBytes
	text, isText, err := decode(parts[1])
	if err != nil {
		return nil, err
	}
	if isText {
		value = element(asn1.TagUTF8String, []byte(fold(text)))
	}
	return element(tagSequence, slices.Concat(parts[0].FullBytes, value)), nil
}

// decode returns the text of a string in any encoding.
func decode(value asn1.RawValue) (text string, isText bool, err error) {
	if value.Class != asn1.ClassUniversal {
		return "", false, nil
	}
	data := value.Bytes
	switch value.Tag {
	case asn1.TagUTF8String:
		return string(data), true, nil
	case asn1.TagPrintableString, asn1.TagT61String, asn1.TagIA5String, 26: // VisibleString; OpenSSL reads all as Latin-1
		runes := make([]rune, len(data))
		for n, b := range data {
			runes[n] = rune(b)
		}
		return string(runes), true, nil
	case asn1.TagBMPString:
		if len(data)%2 != 0 {
			return "", false, errNotCertificate
		}
		units := make([]uint16, len(data)/2)
		for n := range units {
			units[n] = binary.BigEndian.Uint16(data[2*n:])
		}
		return string(utf16.Decode(units)), true, nil
	case tagUniversalString:
		if len(data)%4 != 0 {
			return "", false, errNotCertificate
		}
		runes := make([]rune, len(data)/4)
		for n := range runes {
			runes[n] = rune(binary.BigEndian.Uint32(data[4*n:]))
		}
		return string(runes), true, nil
	}
	return "", false, nil
}

// fold puts the ASCII letters of a text into lower case, and drops spaces of ASCII at its ends and repeated ones within.
func fold(text string) string {
	var b strings.Builder
	space := false
	for n := range len(text) {
		c := text[n]
		if strings.IndexByte(" \t\n\v\f\r", c) >= 0 {
			space = b.Len() > 0
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b.WriteByte(c)
	}
	return b.String()
}

// element encodes an element of ASN.1 in DER.
func element(tag byte, data []byte) []byte {
	head := []byte{tag, byte(len(data))}
	if len(data) > 0x7f {
		length := binary.BigEndian.AppendUint64(nil, uint64(len(data)))
		length = bytes.TrimLeft(length, "\x00")
		head = append([]byte{tag, 0x80 | byte(len(length))}, length...)
	}
	return append(head, data...)
}
