package result

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/topologies/plain"
)

// OpinionsFolder is where "matrix explain" leaves its work, below the folder of the matrix: one folder for each call, with
// what it tried and with opinion.json.
const OpinionsFolder = "opinions"

// OpinionFile is the file with the opinion.
const OpinionFile = "opinion.json"

// Bounds of what is read of opinions.
const (
	maxOpinions    = 1000
	maxOpinionSize = 4 << 20 // bytes of one
	maxSides       = 8
)

// KeptOpinion is an opinion on a cell of a matrix, and where it lies.
type KeptOpinion struct {
	Opinion
	Dir string `json:"dir"` // its folder, below the matrix's; the runs of its cells are below it
}

// ReadOpinions reads the opinions on cells of the matrix that lie below its folder, which anybody may have written: of each
// cell the newest, in the order of the cells. One that cannot be read, is of another matrix, or of a cell that is not there any more as
// it was tried, is left out, and the errors say which. A link out of the folder is not followed.
func (m *Matrix) ReadOpinions(dir string) (list []KeptOpinion, left []error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, []error{fmt.Errorf("open matrix: %w", err)}
	}
	defer root.Close() //nolint:errcheck // read only
	names, err := fs.ReadDir(root.FS(), OpinionsFolder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, []error{fmt.Errorf("read the opinions: %w", err)}
	}
	slices.Reverse(names) // their names begin with their time
	if n := len(names) - maxOpinions; n > 0 {
		names, left = names[:maxOpinions], append(left, fmt.Errorf("%s holds %d opinions more than are read", OpinionsFolder, n))
	}
	at := make(map[string]int, len(m.Cells))
	for i := range m.Cells {
		at[m.Cells[i].Key()] = i
	}
	by := map[int]KeptOpinion{}
	for _, name := range names {
		o, err := m.readOpinion(root, path.Join(OpinionsFolder, name.Name()), at)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was broken off
		} else if err != nil {
			left = append(left, fmt.Errorf("the opinion in %s is left out: %w", path.Join(OpinionsFolder, name.Name()), err))
			continue
		}
		if i := at[o.Cell.Key()]; by[i].Dir == "" {
			by[i] = o
		}
	}
	for i := range m.Cells {
		if o, ok := by[i]; ok {
			list = append(list, o)
		}
	}
	return list, left
}

func (m *Matrix) readOpinion(root *os.Root, dir string, at map[string]int) (KeptOpinion, error) {
	o := KeptOpinion{Dir: dir}
	data, err := plain.ReadBy(root.OpenFile, path.Join(dir, OpinionFile), maxOpinionSize)
	if err == nil {
		err = json.Unmarshal(data, &o.Opinion)
	}
	if err != nil {
		return o, err
	}
	i, there := at[o.Cell.Key()]
	switch {
	case o.Reprise != MatrixFormat:
		return o, fmt.Errorf("it says %q, want %q", short(o.Reprise), MatrixFormat)
	case o.Matrix != m.ID:
		return o, fmt.Errorf("it is of the matrix %q", short(o.Matrix))
	case !there:
		return o, fmt.Errorf("the matrix has no cell %q", short(o.Cell.Key()))
	case o.Cell.Run != m.Cells[i].Run || o.Cell.Digest != m.Cells[i].Digest:
		return o, errors.New("its cell was tried again since")
	}
	return o, o.check()
}

// check tells what no opinion can have.
func (o *Opinion) check() error {
	if judgements := []string{OfProduct, OfInterop, Undetermined}; !slices.Contains(judgements, o.Judgement) {
		return fmt.Errorf("the judgement %q is none of %s", short(o.Judgement), strings.Join(judgements, ", "))
	}
	if len(o.Sides) > maxSides {
		return fmt.Errorf("it has %d sides", len(o.Sides))
	}
	cells := []*Cell{o.Again}
	for _, s := range o.Sides {
		cells = append(cells, s.Cell)
	}
	for _, c := range cells {
		switch {
		case c == nil:
		case !slices.Contains(CellVerdicts(), c.Verdict):
			return fmt.Errorf("the verdict %q is none of %s", short(string(c.Verdict)), verdictList())
		case c.Passed < 0 || c.Valid < c.Passed || !c.counts():
			return fmt.Errorf("%s cannot be said of %d passed of %d valid trials", c.Verdict, c.Passed, c.Valid)
		case c.Run != "" && (!filepath.IsLocal(c.Run) || strings.ContainsAny(c.Run, "\\\x00")):
			return fmt.Errorf("the path %q leads out of its folder", short(c.Run))
		}
	}
	return nil
}
