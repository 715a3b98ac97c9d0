package plan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A row that a rule with Error takes is told, by itself and apart from the others.
func TestTableUnread(t *testing.T) {
	tab, err := ParseTable("Value PORT (\\d+)\nValue STATE (up|down)\n\nStart\n  ^${PORT}\\s+${STATE}$$ -> Record\n  ^Port\\s\n  ^\\d+\\s -> Error \"unread\"\n")
	if err != nil {
		t.Fatal(err)
	}
	const text = "Port State\n1 up\r\n2 testing\n3 down\nTotal: 3\n"
	if rows, err := tab.Rows(text); err == nil || len(rows) > 0 || !strings.Contains(err.Error(), `"2 testing"`) {
		t.Errorf("%v, %v", rows, err)
	}
	rows, unread, err := tab.Part(text)
	if want := []string{"2 testing"}; err != nil || len(rows) != 2 || !cmp.Equal(unread, want) {
		t.Errorf("%v, %q, %v", rows, unread, err)
	}
}

// The error is what the rule says: of a driver's template that a template of one's own helps, of others what their
// author wrote.
func TestTableRefusal(t *testing.T) {
	const own = "a template of your own (template:) reads them"
	for rule, want := range map[string]string{
		`Error "a row that the template does not read"`: `the template does not read 2 of the rows, as "2 testing": ` + own,
		`Error "the port is under test"`:                `the template says of the line "2 testing": the port is under test (line 6 of the template)`,
		`Error`:                                         `the rule with Error in line 6 of the template takes the line "2 testing"`,
	} {
		tab, err := ParseTable("Value PORT (\\d+)\nValue STATE (up|down)\n\nStart\n  ^${PORT}\\s+${STATE}$$ -> Record\n  ^\\d+\\s -> " + rule + "\n")
		if err != nil {
			t.Fatalf("%s: %v", rule, err)
		}
		if _, err := tab.Rows("1 up\n2 testing\n3 testing\n"); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", rule, err, want)
		}
	}
}

// What the library does not tell of a table: whether it is one, and what its rows lack.
func TestTableRows(t *testing.T) {
	const template = `# a comment
Value Filldown VRF (\S+)
Value Required PORT (\d+)
Value STATE (up|down)
Value NOTE (.*)

Start
  ^VRF ${VRF}
  ^Port\s+State -> Ports
  ^.* -> Next

Ports
  ^${PORT}\s+${STATE}(?:\s+${NOTE})?$$ -> Record
  ^${PORT}$$ -> Record
  ^\s*$$ -> Start
`
	tab, err := ParseTable(template)
	if err != nil {
		t.Fatal(err)
	}
	none, empty := []map[string]any(nil), []map[string]any{}
	for _, tt := range []struct {
		name, text string
		want       []map[string]any
	}{
		{"nothing", "", none},
		{"blank lines", "\n \n\n", none},
		{"something else", "% Invalid input\n", none},
		{"the head alone", "Port State\n", empty},
		{"a head of a block alone", "VRF red\n", empty},
		{"a row", "VRF red\nPort State\n1 up fine\n", []map[string]any{{"VRF": "red", "PORT": "1", "STATE": "up", "NOTE": "fine"}}},
		{"a row that lacks a cell", "VRF red\nPort State\n1\n", []map[string]any{{"VRF": "red", "PORT": "1", "NOTE": ""}}},
		{"nothing is filled down from an earlier look", "Port State\n1 up\n", []map[string]any{{"PORT": "1", "STATE": "up", "NOTE": ""}}},
	} {
		got, err := tab.Rows(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}
