package replay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/frr"
	"github.com/reprise-lab/reprise/drivers/replay"
)

func TestTranscriptRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOf(rapid.Custom(func(t *rapid.T) replay.Record {
			return replay.Record{
				At:      time.Duration(rapid.Int64Range(0, 1<<50).Draw(t, "at")),
				Channel: rapid.SampledFrom([]string{"cli", "shell#2"}).Draw(t, "channel"),
				Dir:     rapid.SampledFrom([]drivers.Direction{drivers.In, drivers.Out}).Draw(t, "dir"),
				Data:    rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "data"),
			}
		})).Draw(t, "records")
		var b bytes.Buffer
		if err := replay.Save(&b, want); err != nil {
			t.Fatal(err)
		}
		got, err := replay.Load(&b)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) || len(want) > 0 && !cmp.Equal(want, got) {
			t.Fatal(cmp.Diff(want, got))
		}
	})
}

func TestLoadRefuses(t *testing.T) {
	for _, line := range []string{`{`, `{"dir":"up"}`, `{"dir":"in","extra":1}`, `{"dir":"in","data":"a","raw":"YQ=="}`} {
		if _, err := replay.Load(strings.NewReader("\n" + line + "\n")); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s: got %v", line, err)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"at":0,"channel":"cli","dir":"in","data":"x"}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		records, err := replay.Load(bytes.NewReader(data))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := replay.Save(&b, records); err != nil {
			t.Fatal(err)
		}
		again, err := replay.Load(&b)
		if err != nil || len(again) != len(records) {
			t.Fatalf("%v: %d records, want %d", err, len(again), len(records))
		}
		replay.NewHost(records)
	})
}

func openFRR(tb testing.TB) drivers.Driver {
	tb.Helper()
	f, err := os.Open("../frr/testdata/bookworm.ndjson")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	records, err := replay.Load(f)
	if err != nil {
		tb.Fatal(err)
	}
	d, err := frr.Factory{}.Open(tb.Context(), drivers.Target{Node: "r1", Host: replay.NewHost(records)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = d.Close(context.Background()) })
	return d
}

func TestHost(t *testing.T) {
	d := openFRR(t)
	started := time.Now()
	for range 100 {
		x, err := d.Run(t.Context(), drivers.Command{Line: "show bgp summary json"})
		if err != nil || !strings.Contains(x.Output, `"routerId":"1.1.1.1"`) {
			t.Fatalf("%+v, %v", x, err)
		}
	}
	if took := time.Since(started); took > 3*time.Second {
		t.Errorf("100 commands took %v", took)
	}
	if x, err := d.Run(t.Context(), drivers.Command{Line: "show never recorded"}); !errors.Is(err, replay.ErrNotRecorded) {
		t.Errorf("got %+v, %v, want ErrNotRecorded", x, err)
	}
}

func BenchmarkRun(b *testing.B) {
	d := openFRR(b)
	for b.Loop() {
		if _, err := d.Run(b.Context(), drivers.Command{Line: "show bgp summary json"}); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleSave() {
	_ = replay.Save(os.Stdout, []replay.Record{{Channel: "cli", Dir: drivers.Out, Data: []byte("show version\n")}})
	fmt.Println()
	// Output: {"at":0,"channel":"cli","dir":"out","data":"show version\n"}
}
