package redact_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/handover/redact"
)

const ownRules = `reprise: redaction-rules/v1
names: [Quarzwerk]
secrets: [Blaubeere]
keep: [core-1]
forms:
  - set vault [local] pin <secret>
patterns:
  - {name: ticket, match: 'INC(\d{7})', as: name}
`

// TestRules: words, forms and patterns of the owner are found and learned.
func TestRules(t *testing.T) {
	rules, err := redact.ParseRules("own.yaml", []byte(ownRules))
	if err != nil {
		t.Fatal(err)
	}
	var o redact.Options
	rules.Apply(&o)
	r := newRedactor(t, o)
	text := "hostname core-1\nfor QUARZWERK with Blaubeere\nset vault pin Amsel\nset vault local pin Drossel44\nsee INC1234567\nthe pin Drossel44 again\n"
	r.Learn("a.cfg", []byte(text))
	got := string(r.Text("a.cfg", []byte(text)))
	for _, v := range []string{"QUARZWERK", "Blaubeere", "Amsel", "Drossel44", "1234567"} {
		if strings.Contains(got, v) {
			t.Errorf("%s is left in %q", v, got)
		}
	}
	if !strings.Contains(got, "hostname core-1\n") || !strings.Contains(got, "see INC") || len(got) != len(text) {
		t.Errorf("got %q", got)
	}
}

// TestRulesFaults: each fault of a file of rules is told with its place.
func TestRulesFaults(t *testing.T) {
	for _, tt := range []struct{ name, rules, want string }{
		{"version", "names: [Quarzwerk]\n", "own.yaml:1:1: reprise is"},
		{"unknown key", "reprise: redaction-rules/v1\nnmaes: [x]\n", `own.yaml:2:1: unknown key "nmaes"`},
		{"short word", "reprise: redaction-rules/v1\nnames: [ok]\n", "own.yaml:2:9: the word has fewer"},
		{"no place", "reprise: redaction-rules/v1\nforms: [set pin]\n", "own.yaml:2:9: "},
		{"no such place", "reprise: redaction-rules/v1\nforms: [set <pin>]\n", `own.yaml:2:9: "<pin>"`},
		{"brackets", "reprise: redaction-rules/v1\nforms: ['set [pin <secret>']\n", "own.yaml:2:9: "},
		{"pattern", "reprise: redaction-rules/v1\npatterns:\n  - {match: '(', as: name}\n", "own.yaml:3:13: missing closing )"},
		{"empty match", "reprise: redaction-rules/v1\npatterns:\n  - {match: 'a*', as: name}\n", "matches nothing at all"},
		{"kind", "reprise: redaction-rules/v1\npatterns:\n  - {match: 'a+', as: nme}\n", `own.yaml:3:23: as is "nme"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := redact.ParseRules("own.yaml", []byte(tt.rules)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}

// TestLeft: what only a person can judge is listed with its line, and the report that leaves
// has no text of it.
func TestLeft(t *testing.T) {
	src, dst := t.TempDir(), filepath.Join(t.TempDir(), "out")
	text := "hostname zrh-core-7\nbanner motd ^ Property of somebody ^\nvlan 10\n name Payroll\ninterface e1\n description to Meier\n ip address 10.1.1.1/24\n" +
		"access-list 10 remark for the auditors\ncreate vlan \"Finance\" tag 20\nset interfaces ge-0/0/0 description \"to HR\"\nsupport +41 44 555 01 99\nversion 12\nvlan 20\n" +
		"configure ports 1:1 description-string \"to HR\"\nip prefix-list P description to Meier\n"
	if err := evidence.WriteFile(filepath.Join(src, "a.cfg"), []byte(text)); err != nil {
		t.Fatal(err)
	}
	result, err := newRedactor(t, redact.Options{}).Dir(t.Context(), src, dst)
	if err != nil {
		t.Fatal(err)
	}
	want := map[int]string{2: "banner", 4: "vlan-name", 6: "description", 8: "remark", 9: "vlan-name", 10: "description", 11: "phone", 14: "description", 15: "description"}
	for _, l := range result.Left {
		if want[l.Line] != l.Kind || l.Text == "" || l.File != "a.cfg" {
			t.Errorf("%+v, want %q", l, want[l.Line])
		}
		delete(want, l.Line)
	}
	if len(want) > 0 {
		t.Errorf("not listed: %v", want)
	}
	for _, l := range result.Report.Left {
		if l.Text != "" {
			t.Errorf("the report has the text of %+v", l)
		}
	}
}

// TestFormsNested: a form that begins inside of another one does not reach beyond the value
// that the outer one is about to take.
func TestFormsNested(t *testing.T) {
	text := []byte("snmp-server user u41011 G v3 auth sha Kiese2012q priv aes 69cFpBHrTkq1013ip domain username j.gogo secret 5 $1$bbbb$8B3mh5TKvGG3xcbNH8fhmp role digest username u41018 realm sip password 0 mimistonizenvo\n")
	r := newRedactor(t, redact.Options{})
	r.Learn("a.cfg", text)
	got := string(r.Text("a.cfg", text))
	for _, v := range []string{"u41011", "Kiese2012q", "69cFpBHrTkq1013ip", "8B3mh5TKvGG3xcbNH8fhmp", "u41018", "mimistonizenvo"} {
		if strings.Contains(got, v) {
			t.Errorf("%s is left in %q", v, got)
		}
	}
}
