package html

import "github.com/reprise-lab/reprise/harness/evidence"

// Bounds of a packet diagram: rows of 32 bits, of which a long field takes a few.
const (
	rowBits  = 32
	maxRows  = 48
	longRows = 2
)

// bitCell is a field, or a part of one, within a row of a packet diagram.
type bitCell struct {
	Name, Value string
	Bits        int
	More        bool // it goes on with the field of the cell before
}

// packet lays fields out as RFCs draw them, 32 bits a row. Of a field of many rows the first are drawn, and one
// that says so; nothing is drawn of what is no layout.
func packet(fields []evidence.FrameField) [][]bitCell {
	var rows [][]bitCell
	var row []bitCell
	free := rowBits
	put := func(c bitCell) {
		row = append(row, c)
		if free -= c.Bits; free == 0 {
			rows, row, free = append(rows, row), nil, rowBits
		}
	}
	for _, f := range fields {
		if f.Bits < 1 || len(rows) >= maxRows {
			break
		}
		left, first := f.Bits, len(rows)
		cell := bitCell{Name: clip(f.Name, maxWord), Value: clip(f.Value, maxWord)}
		if f.Value == "" {
			cell.Value = "cut off"
		}
		for left > 0 {
			if len(rows)-first >= longRows && left > rowBits {
				left -= (left - 1) / rowBits * rowBits // rows that are not drawn
				cell.Value = "…"
			}
			cell.Bits = min(left, free)
			left -= cell.Bits
			put(cell)
			cell = bitCell{More: true}
		}
	}
	if row != nil {
		rows = append(rows, row)
	}
	return rows
}
