package fleet

import (
	"context"
	"sync"
)

// flights has one caller at a time do what has a name. The zero value is ready.
type flights struct {
	mu   sync.Mutex
	busy map[string]chan struct{} // closed when what has the name is done
}

// alone waits until nobody else is at what has the name; who comes next waits until land is called. The error is ctx's.
func (f *flights) alone(ctx context.Context, name string) (land func(), err error) {
	for {
		f.mu.Lock()
		busy := f.busy[name]
		if busy == nil {
			if f.busy == nil {
				f.busy = map[string]chan struct{}{}
			}
			done := make(chan struct{})
			f.busy[name] = done
			f.mu.Unlock()
			return func() {
				f.mu.Lock()
				defer f.mu.Unlock()
				delete(f.busy, name)
				close(done)
			}, nil
		}
		f.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
