package labworker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/fleet/parcel"
)

// Bounds of the record of one trial: captures of a gigabyte and what is beside them.
const (
	maxRecordFiles = 100_000
	maxRecord      = 4 << 30 // bytes of files
)

func recordBounds(packed int64) parcel.Bounds {
	return parcel.Bounds{Files: maxRecordFiles, Size: maxRecord, Packed: packed}
}

// packRecord packs the folder of a trial that is over into so many bytes at most.
func packRecord(ctx context.Context, t evidence.TrialDir, most int64) ([]byte, error) {
	return parcel.Pack(ctx, t.Path, recordBounds(most), nil)
}

// notSent is the file of a record that names what of it stayed with the worker, a line each.
const notSent = "not-sent.txt"

// packEssence packs the folder of a trial that is too large as it is: without cores, and if that is not enough without
// captures either. What is left out is named in a file of the record. Conditions on frames are unknown without their
// capture.
func packEssence(ctx context.Context, t evidence.TrialDir, most int64, why error) (record []byte, err error) {
	for _, large := range []string{"cores", "cores captures"} {
		leaves := func(name string) bool {
			folder, _, inFolder := strings.Cut(name, "/")
			return inFolder && slices.Contains(strings.Fields(large), folder)
		}
		if err := noteLeft(t, leaves, why); err != nil {
			return nil, err
		}
		record, err = parcel.Pack(ctx, t.Path, recordBounds(most), func(name string) bool { return !leaves(name) })
		if _, still := errors.AsType[*parcel.BoundError](err); !still {
			return record, err
		}
	}
	return record, err
}

// noteLeft writes down which files of a record are not sent.
func noteLeft(t evidence.TrialDir, leaves func(name string) bool, why error) error {
	var said strings.Builder
	fmt.Fprintf(&said, "The record was too large to be sent: %v. These files stayed with the worker, and are gone:\n", why)
	err := fs.WalkDir(os.DirFS(t.Path), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !leaves(name) {
			return err
		}
		info, err := d.Info()
		if err == nil {
			fmt.Fprintf(&said, "%s (%d bytes)\n", name, info.Size())
		}
		return err
	})
	if err == nil {
		err = evidence.WriteFile(t.File(notSent), []byte(said.String()))
	}
	if err != nil {
		return fmt.Errorf("leave out of the record what is large: %w", err)
	}
	return nil
}

// PackRecord packs the record of a trial again that came from a worker: those of its files that want names.
func PackRecord(ctx context.Context, t evidence.TrialDir, want func(name string) bool) ([]byte, error) {
	return parcel.Pack(ctx, t.Path, recordBounds(maxRecord), want)
}

// UnpackRecord makes the folder of a trial, which must not exist, of a record as [Bench.Try] gives it. Its
// digest has to be the one that is named, so that what the verdict rests on is what it was when it was
// judged. What comes out of the record is bounded; how large it may be itself is for who takes it to say.
func UnpackRecord(ctx context.Context, record []byte, t evidence.TrialDir, digest string) error {
	if err := parcel.Unpack(ctx, record, t.Path, recordBounds(int64(len(record))), nil); err != nil {
		return err
	}
	got, err := t.Digest()
	if err == nil && got != digest {
		err = fmt.Errorf("the record of trial %d has the digest %.12s, and %.12s was judged", t.Number, got, digest)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(t.Path))
	}
	return nil
}
