package fleet

import (
	"context"
	"errors"
	"time"
)

// Status is what a fleet looks like at a moment.
type Status struct {
	Server  string         `json:"server"` // URL without a token
	Renewal time.Duration  `json:"renewal"`
	Workers []WorkerStatus `json:"workers"` // by name
	Works   []WorkStatus   `json:"works"`   // by name of the work
	Needs   []NeedsStatus  `json:"needs"`   // queues, by key
	Bytes   uint64         `json:"bytes"`   // that the server stores for the fleet
}

// WorkerStatus is a worker and why it does nothing, if it does nothing.
type WorkerStatus struct {
	Offer
	Idle []string `json:"idle,omitempty"` // sentences; empty while it executes as much as it offers
}

// WorkStatus is one work.
type WorkStatus struct {
	Holder
	Queued  int `json:"queued"`  // tasks that have no result: they wait or run
	Results int `json:"results"` // results that were not kept yet
}

// NeedsStatus is the queue of tasks with the same needs.
type NeedsStatus struct {
	Key      string    `json:"key"`
	Needs    Needs     `json:"needs"`
	Waiting  int       `json:"waiting"`            // tasks that nobody has taken
	Running  int       `json:"running"`            // tasks that workers have
	Met      bool      `json:"met"`                // a worker can take them
	Refusals []Refusal `json:"refusals,omitempty"` // of the workers that cannot
}

// ReadStatus asks the server.
func ReadStatus(ctx context.Context, c *Conn) (Status, error) { return Status{}, errors.ErrUnsupported }

// FindWorker is the offer of the worker with a name, a public key, or the unambiguous beginning of a key.
func FindWorker(ctx context.Context, c *Conn, nameOrKey string) (Offer, error) {
	return Offer{}, errors.ErrUnsupported
}

// DrainWorker asks a worker to end what it runs, take no more, and leave.
func DrainWorker(ctx context.Context, c *Conn, key string) error { return errors.ErrUnsupported }

// RemoveWorker asks a worker to leave at once (what it runs is given to others), makes the fleet forget it, and has an embedded
// server refuse its key from now on. A worker that is not there is forgotten too.
func RemoveWorker(ctx context.Context, c *Conn, key string) error { return errors.ErrUnsupported }

// WorkerLog is what a worker said last, oldest first.
func WorkerLog(ctx context.Context, c *Conn, key string) ([]LogLine, error) {
	return nil, errors.ErrUnsupported
}

// Watch calls see with each line that tasks say while they run, of the given worker or, when key is empty, of all, until ctx ends.
func Watch(ctx context.Context, c *Conn, key string, see func(Progress)) error {
	return errors.ErrUnsupported
}
