package exos_test

import (
	"testing"

	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/exos"
)

func TestContract(t *testing.T) {
	drivertest.SwitchContract(t, exos.Factory{},
		[]string{"create vlan contract", "configure vlan contract tag 77", "delete vlan contract"},
		[]string{"create vlan contract", "delete vlan contract", "configure vlan nowhere tag 5"})
}

func TestTorture(t *testing.T) { drivertest.SwitchTorture(t, exos.Factory{}, 200, 50) }
