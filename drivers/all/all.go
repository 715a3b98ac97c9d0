// Package all is the one list of the platforms that the program knows.
package all

import (
	"errors"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/bird"
	"github.com/reprise-lab/reprise/drivers/exos"
	"github.com/reprise-lab/reprise/drivers/frr"
	"github.com/reprise-lab/reprise/drivers/linux"
	"github.com/reprise-lab/reprise/drivers/ovs"
	"github.com/reprise-lab/reprise/drivers/scrapli"
	"github.com/reprise-lab/reprise/drivers/tester"
	"github.com/reprise-lab/reprise/drivers/voss"
)

// Registry returns a fresh registry of every platform.
func Registry() (*drivers.Registry, error) {
	r := &drivers.Registry{}
	var errs []error
	for _, f := range scrapli.Factories() {
		errs = append(errs, r.Register(f))
	}
	return r, errors.Join(append(errs,
		r.Register(frr.Factory{}),
		r.Register(bird.Factory{}),
		r.Register(ovs.Factory{}),
		r.Register(linux.Factory{}),
		r.Register(tester.Factory{}),
		r.Register(exos.Factory{}),
		r.Register(voss.Factory{}),
	)...)
}
