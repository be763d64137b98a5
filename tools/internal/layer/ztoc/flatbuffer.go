package ztoc

import (
	"encoding/binary"
	"slices"
)

// encoder writes a flatbuffer from front to back: what refers comes before what it refers to. Equal texts and equal layouts
// of tables are stored once.
type encoder struct {
	data    []byte
	layouts map[string]int // positions of vtables
	texts   []string       // in the order of their first use
	places  map[string][]int
}

// field is a field of a table.
type field struct {
	number int
	width  int    // in bytes
	value  uint64 // unless it refers to something
	text   string
	place  *int // receives the place of a reference, which point fills in
}

func long(number int, value int64) field {
	return field{number: number, width: 8, value: uint64(value)}
}
func integer(number int, value uint32) field {
	return field{number: number, width: 4, value: uint64(value)}
}
func text(number int, value string) field    { return field{number: number, width: 4, text: value} }
func reference(number int, place *int) field { return field{number: number, width: 4, place: place} }

// table adds a table and returns its position. Fields that are zero or empty are left out: these are their defaults.
func (e *encoder) table(fields ...field) int {
	fields = slices.DeleteFunc(fields, func(f field) bool { return f.value == 0 && f.text == "" && f.place == nil })
	// Fields of 8 bytes come first, right behind the 4 bytes with which the table starts.
	slices.SortStableFunc(fields, func(a, b field) int { return b.width - a.width })
	layout := e.layout(fields)
	e.align(8, 4)
	start := len(e.data)
	e.put(4, uint64(start-layout))
	for _, f := range fields {
		place := len(e.data)
		e.put(f.width, f.value)
		if f.place != nil {
			*f.place = place
		} else if f.text != "" {
			e.refer(place, f.text)
		}
	}
	return start
}

// layout returns the position of the vtable for the fields: its size, the size of the table, and the place of each field
// in the table, or 0.
func (e *encoder) layout(fields []field) int {
	places := []uint16{0, 4}
	for _, f := range fields {
		slot := 2 + f.number
		places = append(places, make([]uint16, max(0, slot+1-len(places)))...)
		places[slot] = places[1]
		places[1] += uint16(f.width)
	}
	places[0] = uint16(2 * len(places))
	var vtable []byte
	for _, place := range places {
		vtable = binary.LittleEndian.AppendUint16(vtable, place)
	}
	at, known := e.layouts[string(vtable)]
	if !known {
		e.align(2, 0)
		at = len(e.data)
		e.data = append(e.data, vtable...)
		if e.layouts == nil {
			e.layouts = make(map[string]int)
		}
		e.layouts[string(vtable)] = at
	}
	return at
}

// vector adds a vector of n references, which the reference at the place points to, and returns their places.
func (e *encoder) vector(place, n int) []int {
	e.align(4, 0)
	e.point(place, len(e.data))
	e.put(4, uint64(n))
	places := make([]int, n)
	for i := range places {
		places[i] = e.reserve()
	}
	return places
}

// refer makes the reference at the place point to a text.
func (e *encoder) refer(place int, text string) {
	if e.places == nil {
		e.places = make(map[string][]int)
	}
	if e.places[text] == nil {
		e.texts = append(e.texts, text)
	}
	e.places[text] = append(e.places[text], place)
}

// writeTexts adds the texts. No table may follow.
func (e *encoder) writeTexts() {
	for _, text := range e.texts {
		e.align(4, 0)
		for _, place := range e.places[text] {
			e.point(place, len(e.data))
		}
		e.put(4, uint64(len(text)))
		e.data = append(append(e.data, text...), 0)
	}
}

// reserve adds a reference and returns its place.
func (e *encoder) reserve() int {
	place := len(e.data)
	e.put(4, 0)
	return place
}

// point makes the reference at the place point to a position behind it.
func (e *encoder) point(place, to int) {
	binary.LittleEndian.PutUint32(e.data[place:], uint32(to-place))
}

// put adds the low bytes of a value.
func (e *encoder) put(width int, value uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], value)
	e.data = append(e.data, b[:width]...)
}

// align adds zeros up to a position that leaves the rest when divided by n.
func (e *encoder) align(n, rest int) {
	for len(e.data)%n != rest {
		e.data = append(e.data, 0)
	}
}
