package labworker

import (
	"context"
	"errors"
	"fmt"
	"os"

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
