package recipe

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"
)

// Built is an image that was made: one layer, and the configuration that names it. The digest
// of the configuration is the image's, whoever keeps it.
type Built struct {
	Suite         Suite
	Tags          []string
	Configuration []byte

	layer *os.File // has no name any more
	size  int64
	id    string // of the layer, hex
}

// Build makes a suite's image and keeps its layer in a temporary file until Close. See Make for
// mirror, progress and errors.
func Build(ctx context.Context, s Suite, mirror string, progress func(string)) (_ *Built, err error) {
	tree, err := Make(ctx, s, mirror, progress)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, tree.Close()) }()
	layer, err := os.CreateTemp("", "reprise-layer-")
	if err != nil {
		return nil, fmt.Errorf("keep the tree: %w", err)
	}
	b := &Built{Suite: s, Tags: s.Tags(tree.Versions), layer: layer}
	defer func() {
		if err != nil {
			_ = layer.Close()
		}
	}()
	if err := os.Remove(layer.Name()); err != nil {
		return nil, fmt.Errorf("keep the tree: %w", err)
	}
	h := sha256.New()
	if b.size, err = io.Copy(io.MultiWriter(layer, h), tree); err != nil {
		return nil, fmt.Errorf("keep the tree: %w", err)
	}
	b.id = hex.EncodeToString(h.Sum(nil))
	b.Configuration, err = s.configuration(mirror, tree.Versions, b.id, time.Now())
	return b, err
}

// configuration describes an image of one layer
// (https://github.com/opencontainers/image-spec/blob/v1.1.0/config.md).
func (s Suite) configuration(mirror string, versions map[string]string, layer string, at time.Time) ([]byte, error) {
	at = at.UTC().Truncate(time.Second)
	return json.Marshal(map[string]any{
		"created": at, "architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{
			"Env": Environment(), "Entrypoint": Entrypoint(), "Cmd": Command(), "Labels": s.Labels(mirror, versions),
		},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + layer}},
		"history": []map[string]any{{"created": at, "created_by": "reprise images build " + s.name}},
	})
}

// Layer reads the image's only layer, an archive.
func (b *Built) Layer() (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(b.layer, 0, b.size)), nil
}

// Archive writes the image as `docker save` does.
func (b *Built) Archive(w io.Writer) error {
	layer, err := b.Layer()
	if err != nil {
		return err
	}
	return Save(w, b.Configuration, b.Tags, SavedLayer{ID: b.id, Size: b.size, Reader: layer})
}

// Close gives the layer up.
func (b *Built) Close() error { return b.layer.Close() }

// SavedLayer is a layer of an archive that Save writes.
type SavedLayer struct {
	ID     string // hex
	Size   int64
	Reader io.Reader
}

// Save writes an image in the form of `docker save`, which engines load.
func Save(w io.Writer, configuration []byte, tags []string, layers ...SavedLayer) error {
	sum := sha256.Sum256(configuration)
	config := hex.EncodeToString(sum[:]) + ".json"
	var names []string
	for _, l := range layers {
		names = append(names, l.ID+"/layer.tar")
	}
	manifest, err := json.Marshal([]map[string]any{{"Config": config, "RepoTags": tags, "Layers": names}})
	if err != nil {
		return err
	}
	archive := tar.NewWriter(w)
	write := func(name string, size int64, r io.Reader) error {
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: size, Typeflag: tar.TypeReg}); err != nil {
			return err
		}
		_, err := io.Copy(archive, r)
		return err
	}
	for i, l := range layers {
		if err := write(names[i], l.Size, l.Reader); err != nil {
			return fmt.Errorf("write a layer: %w", err)
		}
	}
	for name, data := range map[string][]byte{config: configuration, "manifest.json": manifest} {
		if err := write(name, int64(len(data)), bytes.NewReader(data)); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return archive.Close()
}
