package device

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/sirikothe/gotextfsm"

	"github.com/reprise-lab/reprise/drivers"
)

// Table asks for a table and reads it with a template of the platform.
func (d *Device) Table(ctx context.Context, op, command string, templates fs.FS, name string) ([]map[string]string, error) {
	out, err := d.Ask(ctx, op, command)
	if err != nil {
		return nil, err
	}
	rows, err := Rows(templates, name, out)
	return rows, d.Fail(op, err)
}

// TablePart is Table without the rows that the template does not read, and tells these.
func (d *Device) TablePart(ctx context.Context, op, command string, templates fs.FS, name string) (rows []map[string]string, unread []drivers.UnreadRow, err error) {
	out, err := d.Ask(ctx, op, command)
	if err != nil {
		return nil, nil, err
	}
	rows, lines, err := RowsPart(templates, name, out)
	for _, line := range lines {
		unread = append(unread, drivers.UnreadRow{Command: command, Row: line})
	}
	return rows, unread, d.Fail(op, err)
}

// maxTable bounds the text that a template is given, in bytes.
const maxTable = 8 << 20

// Rows parses text with the named TextFSM template of a platform (name without its
// folder and suffix). A list value is joined by commas.
func Rows(templates fs.FS, name, text string) ([]map[string]string, error) {
	machine, err := compiled(templates, name, text)
	if err != nil {
		return nil, err
	}
	var parser gotextfsm.ParserOutput
	if err := parser.ParseTextString(text, *machine, true); err != nil {
		return nil, fmt.Errorf("template %s: %w", name, err)
	}
	return rowsOf(&parser), nil
}

// RowsPart is Rows without the lines that a rule with Error takes, and tells these.
func RowsPart(templates fs.FS, name, text string) (rows []map[string]string, unread []string, err error) {
	machine, err := compiled(templates, name, text)
	if err != nil {
		return nil, nil, err
	}
	var parser gotextfsm.ParserOutput
	for line := range strings.Lines(text) {
		if err := parser.ParseTextString(line, *machine, false); err != nil {
			unread = append(unread, strings.TrimSpace(line))
		}
	}
	if err := parser.ParseTextString("", *machine, true); err != nil {
		return nil, nil, fmt.Errorf("template %s: %w", name, err)
	}
	return rowsOf(&parser), unread, nil
}

// compiled is the template that a text is read with.
func compiled(templates fs.FS, name, text string) (*gotextfsm.TextFSM, error) {
	source, err := fs.ReadFile(templates, path.Join("templates", name+".textfsm"))
	if err != nil {
		return nil, fmt.Errorf("template %s: %w", name, err)
	}
	var machine gotextfsm.TextFSM
	if err := machine.ParseString(string(source)); err != nil {
		return nil, fmt.Errorf("template %s: %w", name, err)
	}
	if len(text) > maxTable {
		return nil, fmt.Errorf("template %s: the answer is longer than %d bytes", name, maxTable)
	}
	return &machine, nil
}

func rowsOf(parser *gotextfsm.ParserOutput) []map[string]string {
	rows := make([]map[string]string, 0, len(parser.Dict))
	for _, record := range parser.Dict {
		row := make(map[string]string, len(record))
		for key, value := range record {
			switch v := value.(type) {
			case string:
				row[key] = strings.TrimSpace(v)
			case []string:
				row[key] = strings.Join(v, ",")
			default:
				row[key] = fmt.Sprint(v)
			}
		}
		rows = append(rows, row)
	}
	return rows
}
