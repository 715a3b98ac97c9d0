package faketime

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"testing"
)

// endless is a node that says without end what its library is.
type endless struct{}

func (endless) Exec(_ context.Context, _ []string, _ io.Reader, stdout, _ io.Writer) (int, error) {
	_, err := io.CopyN(stdout, zeros{}, 64<<20)
	return 0, err
}

func (endless) WriteFile(context.Context, string, []byte, fs.FileMode) error { return nil }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// What a node has in the place of the library is not taken beyond what a library can be.
func TestEndlessLibrary(t *testing.T) {
	e, err := Now()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Place(t.Context(), endless{}, nil); !errors.Is(err, ErrMissing) {
		t.Errorf("got %v", err)
	}
}
