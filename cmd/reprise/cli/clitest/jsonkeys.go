// Package clitest has what the tests of verbs share.
package clitest

import (
	"encoding"
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

var kebab = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// JSONKeys holds what verbs print with --json against one style of keys: lower case, with
// hyphens, as the files of a run directory have them.
func JSONKeys(t *testing.T, printed ...any) {
	t.Helper()
	for _, v := range printed {
		checkKeys(t, reflect.TypeOf(v), reflect.TypeOf(v).String(), map[reflect.Type]bool{})
	}
}

func checkKeys(t *testing.T, typ reflect.Type, path string, seen map[reflect.Type]bool) {
	t.Helper()
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Array || typ.Kind() == reflect.Map {
		if isCoded(typ) {
			return
		}
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct || seen[typ] || isCoded(typ) {
		return
	}
	seen[typ] = true
	for f := range fieldsOf(typ) {
		tag, tagged := f.Tag.Lookup("json")
		name, _, _ := strings.Cut(tag, ",")
		switch {
		case name == "-" || !f.IsExported() && !f.Anonymous:
			continue
		case f.Anonymous && name == "":
		case !tagged || !kebab.MatchString(name):
			t.Errorf("%s.%s is printed as %q", path, f.Name, name)
		}
		checkKeys(t, f.Type, path+"."+f.Name, seen)
	}
}

func fieldsOf(typ reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for field := range typ.Fields() {
			if !yield(field) {
				return
			}
		}
	}
}

// isCoded tells a type that writes itself.
func isCoded(typ reflect.Type) bool {
	j, x := reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]()
	return typ.Implements(j) || typ.Implements(x) || reflect.PointerTo(typ).Implements(j) || reflect.PointerTo(typ).Implements(x)
}
