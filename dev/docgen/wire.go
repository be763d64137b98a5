package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"strconv"
)

// Wire types of Protocol Buffers.
const (
	wireVarint = 0
	wire64     = 1
	wireBytes  = 2
	wire32     = 5
)

var errCut = errors.New("the message is cut off")

// decode fills the struct that message points to from a message of Protocol Buffers. A struct field's tag `proto:"N"` is
// the number of the message field that it takes: a string, a bool, an integer, another such struct, or a slice of them for a
// repeated field. Other fields are skipped.
//
// This is all of the format that one message needs, in place of a module and generated code.
func decode(data []byte, message any) error {
	target := reflect.ValueOf(message).Elem()
	fields := make(map[uint64]reflect.Value)
	for i := range target.NumField() {
		number, err := strconv.ParseUint(target.Type().Field(i).Tag.Get("proto"), 10, 0)
		if err != nil {
			return fmt.Errorf("%v: field %d has no number", target.Type(), i)
		}
		fields[number] = target.Field(i)
	}
	for len(data) > 0 {
		key, rest, err := takeVarint(data)
		if err != nil {
			return err
		}
		number, value, payload := key>>3, uint64(0), []byte(nil)
		value, payload, data, err = takeValue(key&7, rest)
		if err != nil {
			return err
		}
		if field, ok := fields[number]; ok {
			if err := set(field, value, payload); err != nil {
				return err
			}
		}
	}
	return nil
}

func takeVarint(data []byte) (value uint64, rest []byte, err error) {
	value, n := binary.Uvarint(data)
	if n <= 0 {
		return 0, nil, errCut
	}
	return value, data[n:], nil
}

// takeValue returns the value at the head of data, as a number or as bytes, and what follows it.
func takeValue(wire uint64, data []byte) (value uint64, payload, rest []byte, err error) {
	size := uint64(0)
	switch wire {
	case wireVarint:
		value, data, err = takeVarint(data)
	case wire64:
		size = 8
	case wire32:
		size = 4
	case wireBytes:
		size, data, err = takeVarint(data)
	default:
		err = fmt.Errorf("wire type %d is unknown", wire)
	}
	if err == nil && size > uint64(len(data)) {
		err = errCut
	}
	if err != nil {
		return 0, nil, nil, err
	}
	return value, data[:size], data[size:], nil
}

func set(field reflect.Value, value uint64, payload []byte) error {
	switch field.Kind() {
	case reflect.String:
		field.SetString(string(payload))
	case reflect.Bool:
		field.SetBool(value != 0)
	case reflect.Int:
		field.SetInt(int64(value))
	case reflect.Struct:
		return decode(payload, field.Addr().Interface())
	case reflect.Slice:
		element := reflect.New(field.Type().Elem()).Elem()
		if err := set(element, value, payload); err != nil {
			return err
		}
		field.Set(reflect.Append(field, element))
	default:
		return fmt.Errorf("no way to fill a %v", field.Type())
	}
	return nil
}
