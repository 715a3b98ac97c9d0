package experiment_test

import (
	"testing"

	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/experiment/pooltest"
)

func TestPoolHere(t *testing.T) {
	pooltest.Run(t, func(*testing.T, *pooltest.World) experiment.Pool { return experiment.Here{} })
}
