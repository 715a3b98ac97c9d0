package plan_test

import (
	"math"
	"reflect"
	"testing"

	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

// leaves calls do with each value that holds no other, of which there is one in every slice and map.
func leaves(t *testing.T, v reflect.Value, path string, do func(path string, v reflect.Value)) {
	t.Helper()
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				leaves(t, v.Field(i), path+"."+f.Name, do)
			}
		}
	case reflect.Slice:
		if v.Len() == 0 {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		}
		leaves(t, v.Index(0), path+"[0]", do)
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		leaves(t, v.Elem(), path, do)
	default:
		do(path, v)
	}
}

// another sets a value to another one.
func another(t *testing.T, v reflect.Value, path string) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(v.Uint() + 1)
	case reflect.Float64:
		v.SetFloat(v.Float() + 1)
	case reflect.Map:
		m := reflect.MakeMap(v.Type())
		m.SetMapIndex(reflect.ValueOf("x").Convert(v.Type().Key()), reflect.New(v.Type().Elem()).Elem())
		v.Set(m)
	default:
		t.Errorf("%s is a %s: say what another one is", path, v.Kind())
	}
}

// Topologies that differ in anything are of different labs, but for where they were read from.
func TestLabOf(t *testing.T) {
	t.Parallel()
	labOf := func(topology topologies.Topology) string {
		t.Helper()
		lab, err := plan.LabOf(topology)
		if err != nil {
			t.Fatal(err)
		}
		return lab
	}
	var topology topologies.Topology
	leaves(t, reflect.ValueOf(&topology).Elem(), "", func(string, reflect.Value) {}) // one in each list
	n := 0
	leaves(t, reflect.ValueOf(&topology).Elem(), "", func(path string, v reflect.Value) {
		was := labOf(topology)
		another(t, v, path)
		if is := labOf(topology); (is == was) != (path == ".Dir") {
			t.Errorf("with another %s: the same lab is %t", path, is == was)
		}
		n++
	})
	if n < 50 {
		t.Errorf("a topology has %d values", n)
	}
	topology.Nodes[0].CPU = math.NaN()
	if lab, err := plan.LabOf(topology); err == nil {
		t.Errorf("of what cannot be written, the lab is %s", lab)
	}
}
