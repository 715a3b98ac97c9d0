package bundle

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
)

// Contents is what a bundle says of itself, without the runs' records.
type Contents struct {
	Manifest  Manifest        `json:"manifest"`
	Images    ImagesLock      `json:"images"`
	Env       Env             `json:"environment"`
	Custody   []Custody       `json:"custody"`
	Redaction json.RawMessage `json:"redaction"` // the report, null without one
}

// maxSmall bounds a file that is read as a whole to be shown.
const maxSmall = 16 << 20

// Contents reads all of the bundle, checks the container and the digests, and gives what it
// says of itself. Whether that is true is for [Verify].
func (b *Bundle) Contents(ctx context.Context) (Contents, error) {
	c := Contents{Manifest: b.Manifest, Redaction: json.RawMessage("null")}
	small := map[string][]byte{}
	err := b.Each(ctx, func(f File, r io.Reader) error {
		switch f.Path {
		case imagesName, envName, custodyName, redactionName:
		default:
			return nil
		}
		if f.Size > maxSmall {
			return &LimitError{fmt.Sprintf("%s has %d bytes", f.Path, f.Size)}
		}
		var err error
		small[f.Path], err = io.ReadAll(r)
		return err
	})
	if err != nil {
		return c, err
	}
	for name, v := range map[string]any{imagesName: &c.Images, envName: &c.Env} {
		if err := json.Unmarshal(small[name], v); err != nil {
			return c, &DamagedError{name + " cannot be read", err}
		}
	}
	if c.Custody, err = ParseCustody(small[custodyName]); err != nil {
		return c, &DamagedError{"the custody log", err}
	}
	if report, ok := small[redactionName]; ok {
		if !json.Valid(report) {
			return c, damaged("the report of the redaction is no JSON")
		}
		c.Redaction = report
	}
	return c, nil
}
