package lab

import (
	"fmt"
	"slices"

	"github.com/reprise-lab/reprise/topologies/version"
)

// lacks says what keeps a device from standing for a node by itself, whatever its cables
// lead to; nil when nothing does.
func lacks(d Device, w Want, blocked map[string]string) []string {
	var out []string
	miss := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if w.Device != "" && w.Device != d.Name {
		miss("not %s", w.Device)
	}
	if w.Platform != "" && w.Platform != d.Platform {
		miss("platform %s", d.Platform)
	}
	if len(w.Kinds) > 0 && !slices.Contains(w.Kinds, d.Kind) {
		miss("kind %s", d.Kind)
	}
	if is, err := w.model(); err != nil {
		miss("%v", err)
	} else if !is(d.Model) {
		miss("model %s", orUnknown(d.Model))
	}
	out = append(out, lacksVersion(d, w)...)
	for _, c := range w.Capabilities {
		if !slices.Contains(d.Capabilities, c) {
			miss("no %s", c)
		}
	}
	if reason := blocked[d.Name]; reason != "" {
		miss("%s", reason)
	}
	return out
}

func lacksVersion(d Device, w Want) []string {
	r, err := ParseRange(w.Version)
	if err != nil {
		return []string{err.Error()}
	}
	if len(r.parts) == 0 {
		return nil
	}
	v, err := version.ParseOf(d.Platform, d.Version)
	switch {
	case d.Version == "":
		return []string{"version unknown"}
	case err != nil:
		return []string{"version " + err.Error()}
	case !r.Holds(v):
		return []string{"version " + d.Version}
	}
	return nil
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
