package cli

import (
	"context"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/topologies"
)

// oneImage has an image, and counts how often it is written.
type oneImage struct {
	Stores
	digest  string
	written atomic.Int32
}

func (o *oneImage) DescribeImage(_ context.Context, ref string) (topologies.ImageInfo, error) {
	return topologies.ImageInfo{Ref: ref, Digest: o.digest}, nil
}

func (o *oneImage) WriteImage(_ context.Context, _ string, w io.Writer) error {
	o.written.Add(1)
	_, err := w.Write(make([]byte, 16<<20))
	return err
}

// TestShipOnce: an image that several plans want at once is packed and sent once, and again when the fleet has lost it.
func TestShipOnce(t *testing.T) {
	t.Parallel()
	var sent atomic.Int32
	var lost atomic.Bool
	image := &oneImage{digest: "sha256:1"}
	s := &shipper{
		app: &App{Quiet: true, Stores: image}, packing: map[string]*sync.Mutex{}, shipped: map[string]string{},
		workers: func() []fleet.Offer { return []fleet.Offer{{Name: "left", Slots: 1}} },
		send: func(_ context.Context, _ string, open func() (io.ReadCloser, error)) error {
			if sent.Load() > 0 && !lost.Load() {
				return nil // it has it
			}
			r, err := open()
			if err == nil {
				sent.Add(1)
				lost.Store(false)
				err = r.Close()
			}
			return err
		},
	}
	var (
		wg    sync.WaitGroup
		begin = make(chan struct{})
		names [4]string
	)
	for i := range names {
		wg.Go(func() {
			<-begin
			var err error
			if names[i], err = s.ship(t.Context(), fleet.Image{Ref: "reprise/frr:8.4.4", Digest: image.digest}); err != nil {
				t.Error(err)
			}
		})
	}
	close(begin)
	wg.Wait()
	if image.written.Load() != 1 || sent.Load() != 1 || len(names[0]) != 64 || strings.Join(names[:], " ") != strings.Repeat(names[0]+" ", 3)+names[0] {
		t.Errorf("written %d times, sent %d times, as %q", image.written.Load(), sent.Load(), names)
	}
	lost.Store(true)
	if again, err := s.ship(t.Context(), fleet.Image{Ref: "reprise/frr:8.4.4", Digest: image.digest}); err != nil || again != names[0] || image.written.Load() != 2 || sent.Load() != 2 {
		t.Errorf("what the fleet has lost: %q, %v; written %d times, sent %d times", again, err, image.written.Load(), sent.Load())
	}
}

// TestShipSideBySide: who wants one image does not wait for another that is being packed.
func TestShipSideBySide(t *testing.T) {
	t.Parallel()
	both := make(chan struct{}, 2)
	s := &shipper{
		app: &App{Quiet: true, Stores: anyImage{both}}, packing: map[string]*sync.Mutex{}, shipped: map[string]string{},
		workers: func() []fleet.Offer { return []fleet.Offer{{Name: "left", Slots: 1}} },
		send:    func(context.Context, string, func() (io.ReadCloser, error)) error { return nil },
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	for _, ref := range []string{"reprise/frr:8.4.4", "reprise/bird:2.0.12"} {
		wg.Go(func() {
			if archive, err := s.ship(ctx, fleet.Image{Ref: ref, Digest: "sha256:" + ref}); err != nil || archive == "" {
				t.Errorf("%q, %v", archive, err)
			}
		})
	}
	wg.Wait()
}

// anyImage has every image, and writes one when another is being written.
type anyImage struct{ both chan struct{} }

func (anyImage) DescribeImage(_ context.Context, ref string) (topologies.ImageInfo, error) {
	return topologies.ImageInfo{Ref: ref, Digest: "sha256:" + ref}, nil
}

func (anyImage) FindImage(context.Context, []string, string) (from, digest string, err error) {
	return "", "", nil
}

func (anyImage) KindOf(topologies.Topology) topologies.Kind { return topologies.KindContainer }

func (a anyImage) WriteImage(ctx context.Context, digest string, w io.Writer) error {
	a.both <- struct{}{}
	for len(a.both) < cap(a.both) {
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	_, err := io.WriteString(w, digest)
	return err
}
