package reports

import (
	"encoding/json"
	"io"
	"path"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// Bounds on what is shown of core files, whoever wrote their records.
const (
	maxCores      = 20
	maxCoreFrames = 32
	maxCoreRecord = 1 << 20 // bytes
)

// cores reads what was recorded of core files, cores/*.json.
func (d *Detail) cores(dir evidence.TrialDir) {
	for _, f := range d.list(dir, "cores") {
		if path.Ext(f.Name) != ".json" {
			continue
		}
		if len(d.Cores) == maxCores {
			d.miss("cores holds more than %d records: the rest is not shown", maxCores)
			return
		}
		c, err := readCore(dir.File(f.Name))
		if err != nil {
			d.miss("%s: %v", f.Name, err)
			continue
		}
		d.Cores = append(d.Cores, c)
	}
}

func readCore(file string) (c evidence.Core, err error) {
	in, err := plain.Open(file)
	if err != nil {
		return c, err
	}
	defer in.Close() //nolint:errcheck // read only
	if err := json.NewDecoder(io.LimitReader(in, maxCoreRecord)).Decode(&c); err != nil {
		return c, err
	}
	c.Frames = c.Frames[:min(len(c.Frames), maxCoreFrames)]
	c.Missing = c.Missing[:min(len(c.Missing), maxCoreFrames)]
	c.Modules = nil // where nobody looks for them
	cleanFields(&c)
	return c, nil
}
