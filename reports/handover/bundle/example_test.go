package bundle_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/reprise-lab/reprise/reports/handover/bundle"
)

// What is packed is read back in its order, with every digest checked.
func Example() {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // an example
	for _, name := range []string{"notes.txt", "custody.ndjson"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("hello\n"), 0o600); err != nil {
			panic(err)
		}
	}
	ctx := context.Background()
	var packed bytes.Buffer
	if _, err := bundle.Write(ctx, &packed, bundle.Source{Dir: dir}, bundle.Options{}); err != nil {
		panic(err)
	}
	b, err := bundle.New(ctx, bytes.NewReader(packed.Bytes()), int64(packed.Len()), bundle.ReadOptions{})
	if err != nil {
		panic(err)
	}
	err = b.Each(ctx, func(f bundle.File, _ io.Reader) error {
		fmt.Println(f.Path, f.Size, f.SHA256[:8], f.Sensitivity)
		return nil
	})
	fmt.Println(b.Container, err)
	// Output:
	// custody.ndjson 6 5891b5b5 lab
	// notes.txt 6 5891b5b5 device
	// tar.zst <nil>
}
