// Package all is the one list of the platforms that the program knows.
package all

import (
	"errors"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/bird"
	"github.com/reprise-lab/reprise/drivers/frr"
	"github.com/reprise-lab/reprise/drivers/linux"
	"github.com/reprise-lab/reprise/drivers/ovs"
)

// Registry returns a fresh registry of every platform.
func Registry() (*drivers.Registry, error) {
	r := &drivers.Registry{}
	return r, errors.Join(
		r.Register(frr.Factory{}),
		r.Register(bird.Factory{}),
		r.Register(ovs.Factory{}),
		r.Register(linux.Factory{}),
	)
}
