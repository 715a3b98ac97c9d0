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
	// Unheld is what of it could not be held against what was recorded when it was read; never believed of a file.
	Unheld string `json:"unheld,omitempty"`
}

// ReadOpinions reads the opinions on cells of the matrix that lie below its folder, which anybody may have written: of each
// cell the newest, in the order of the cells. One that cannot be read, is of another matrix, or of a cell that is not there any more as
// it was tried, is left out, and so is one that does not say what the cells tried for it say, as those are held against their
// records ([ReadMatrix]); the errors say which. What cannot be held so is told in [KeptOpinion.Unheld]. A link out of the folder is not followed.
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
	if err := o.check(); err != nil {
		return o, err
	}
	return o, o.hold(root, &m.Cells[i])
}

// hold holds an opinion against the cell that it is on, and against what was tried for it: the matrix in its folder.
func (o *KeptOpinion) hold(root *os.Root, on *Cell) error {
	if c := o.Cell; c.Verdict != on.Verdict || c.Passed != on.Passed || c.Valid != on.Valid {
		return fmt.Errorf("it has its cell as %s with %d of %d, and the matrix as %s with %d of %d", c.Verdict, c.Passed, c.Valid, on.Verdict, on.Passed, on.Valid)
	}
	again := o.Opinion
	again.Settle()
	if again.Judgement != o.Judgement || again.Of != o.Of {
		return fmt.Errorf("it is stored as %s, and what its cells came to gives %s", strings.TrimSpace(o.Judgement+" "+short(o.Of)), strings.TrimSpace(again.Judgement+" "+short(again.Of)))
	}
	o.Says = again.Says
	if _, err := root.Stat(path.Join(o.Dir, MatrixFile)); errors.Is(err, fs.ErrNotExist) {
		o.Unheld = "what was tried for it does not lie beside it: it is told as it is stored"
		return nil
	}
	sub, err := root.OpenRoot(o.Dir)
	if err != nil {
		return err
	}
	defer sub.Close() //nolint:errcheck // read only
	tried, err := readMatrix(sub, o.Dir)
	if err != nil {
		return err
	}
	o.Unheld = tried.Unheld
	for _, c := range o.cells() {
		i := slices.IndexFunc(tried.Cells, func(t Cell) bool { return t.Key() == c.Key() })
		if i < 0 {
			return fmt.Errorf("nothing was tried of its cell %s", short(c.Key()))
		}
		if err := c.as(tried.Cells[i]); err != nil {
			return fmt.Errorf("its cell %s is stored as %s: %w", short(c.Key()), c.Verdict, err)
		}
	}
	return nil
}

// cells are those that were tried for an opinion.
func (o *Opinion) cells() (list []*Cell) {
	for _, c := range append([]*Cell{o.Again}, sideCells(o.Sides)...) {
		if c != nil {
			list = append(list, c)
		}
	}
	return list
}

func sideCells(sides []OpinionSide) (list []*Cell) {
	for _, s := range sides {
		list = append(list, s.Cell)
	}
	return list
}

// check tells what no opinion can have.
func (o *Opinion) check() error {
	if judgements := []string{OfProduct, OfInterop, Undetermined}; !slices.Contains(judgements, o.Judgement) {
		return fmt.Errorf("the judgement %q is none of %s", short(o.Judgement), strings.Join(judgements, ", "))
	}
	if len(o.Sides) > maxSides {
		return fmt.Errorf("it has %d sides", len(o.Sides))
	}
	for _, c := range o.cells() {
		switch {
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
