package reportstest

import (
	"encoding"
	"reflect"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// Payload is what a renderer of HTML, XML or Markdown would act on, and a terminal.
const Payload = "<x7>&\"'|*_`[l](http://192.0.2.1/)#\x1b[31m\u202e]]>--\n# head"

// Everywhere is a finished run whose every text is hostile, but those by which it is found
// and read: the format, and the names of files that lie in it.
func Everywhere(tb testing.TB) string {
	tb.Helper()
	info := Info("20260301T141500Z-everywhere-5f6a", 1)
	format, id, file, inputs := info.Reprise, info.ID, info.Scenario.File, info.Inputs
	info.Set = map[string]string{"a": "b"}
	info.Without, info.Scenario.References, info.Scenario.Labels = []string{"x"}, []string{"x"}, []string{"x"}
	fill(reflect.ValueOf(&info))
	info.Reprise, info.ID, info.Scenario.File, info.Inputs = format, id, file, inputs
	dir := Make(tb, info, Trial{Verdict: evidence.Reproduced, Reason: Payload, Text: Payload, Other: []string{Payload}})
	run := evidence.Dir{Path: dir}
	var v evidence.RunVerdict
	must(tb, evidence.ReadJSON(run.File("verdict.json"), &v))
	reprise := v.Reprise
	v.Marks = []string{"x"}
	fill(reflect.ValueOf(&v))
	v.Reprise = reprise
	must(tb, evidence.WriteJSON(run.File("verdict.json"), v))
	name := run.Trial(1).File("verdict.json")
	var t evidence.TrialVerdict
	must(tb, evidence.ReadJSON(name, &t))
	reprise = t.Reprise
	t.Notes, t.Marks = []string{"x"}, []string{"x"}
	fill(reflect.ValueOf(&t))
	t.Reprise = reprise
	must(tb, evidence.WriteJSON(name, t))
	return dir
}

// fill sets every text that v leads to.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fill(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Map:
		if v.Type().Elem().Kind() == reflect.String && v.Type().Key().Kind() == reflect.String && v.CanSet() {
			m := reflect.MakeMap(v.Type())
			m.SetMapIndex(reflect.ValueOf(Payload).Convert(v.Type().Key()), reflect.ValueOf(Payload).Convert(v.Type().Elem()))
			v.Set(m)
		}
	case reflect.String:
		if _, word := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr()); !word { // one of a list, or it is not read
			v.SetString(Payload)
		}
	default:
	}
}
