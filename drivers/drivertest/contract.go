package drivertest

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/replay"
)

// Contract runs the suite for a platform: against every recording in testdata, over
// damaged streams that play the first of them, and live on every image of Images that is
// there. With update the live runs write the recordings anew.
func Contract(t *testing.T, f drivers.Factory, target drivers.Target, o Options, update bool) {
	t.Helper()
	open := func(h drivers.Host) Opener {
		return func(ctx context.Context, rec drivers.Recorder) (drivers.Driver, error) {
			target := target
			target.Host, target.Recorder = h, rec
			return f.Open(ctx, target)
		}
	}
	t.Run("live", func(t *testing.T) {
		for _, image := range Images() {
			t.Run(image, func(t *testing.T) {
				host := StartContainer(t, image)
				boot(t, open(host))
				if update {
					_, suite, _ := strings.Cut(image, ":")
					write(t, filepath.Join("testdata", suite+".ndjson"), record(t, open(host), o))
				}
				Run(t, open(host), o)
			})
		}
	})
	files, err := filepath.Glob("testdata/*.ndjson")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	offline := o
	offline.Slow = ""
	for _, file := range files {
		records := load(t, file)
		t.Run("replay/"+filepath.Base(file), func(t *testing.T) { Run(t, open(replay.NewHost(records)), offline) })
	}
	t.Run("damaged", func(t *testing.T) {
		RunDamaged(t, replay.NewHost(load(t, files[0])), func(ctx context.Context, h drivers.Host) (drivers.Driver, error) {
			return open(h)(ctx, nil)
		}, offline)
	})
}

func boot(t *testing.T, open Opener) {
	t.Helper()
	d, err := open(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	b, ok := drivers.As[drivers.Booter](d)
	if !ok {
		t.Fatal("the driver has no Boot")
	}
	if err := b.Boot(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// record leads the dialogues of the suite once.
func record(t *testing.T, open Opener, o Options) []replay.Record {
	t.Helper()
	rec := &Transcript{}
	d, err := open(t.Context(), rec)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range append(slices.Sorted(maps.Keys(o.Answers)), o.Refused, o.Long) {
		if _, err := d.Run(t.Context(), drivers.Command{Line: line, Timeout: timeout}); err != nil {
			t.Fatal(err)
		}
	}
	if c, ok := drivers.As[drivers.Configurer](d); ok && o.Good != nil {
		for _, lines := range [][]string{o.Good, o.Bad} {
			if _, err := c.Configure(t.Context(), lines); err != nil {
				t.Fatal(err)
			}
		}
	}
	if f, ok := drivers.As[drivers.FactSource](d); ok {
		if _, err := f.Facts(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return rec.Records()
}

func write(t *testing.T, file string, records []replay.Record) {
	t.Helper()
	var b bytes.Buffer
	if err := replay.Save(&b, records); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, file string) []replay.Record {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	records, err := replay.Load(f)
	if err != nil {
		t.Fatal(err)
	}
	return records
}
