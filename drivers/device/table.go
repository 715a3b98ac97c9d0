package device

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/sirikothe/gotextfsm"
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

// maxTable bounds the text that a template is given, in bytes.
const maxTable = 8 << 20

// Rows parses text with the named TextFSM template of a platform (name without its
// folder and suffix). A list value is joined by commas.
func Rows(templates fs.FS, name, text string) ([]map[string]string, error) {
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
	var parser gotextfsm.ParserOutput
	if err := parser.ParseTextString(text, machine, true); err != nil {
		return nil, fmt.Errorf("template %s: %w", name, err)
	}
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
	return rows, nil
}
