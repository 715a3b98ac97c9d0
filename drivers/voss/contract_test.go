package voss_test

import (
	"testing"

	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/voss"
)

func TestContract(t *testing.T) {
	drivertest.SwitchContract(t, voss.Factory{},
		[]string{`vlan create 77 name "contract" type port-mstprstp 0`, "vlan members add 77 1/2", "vlan delete 77"},
		[]string{"vlan members add 999 1/2"})
}

func TestTorture(t *testing.T) { drivertest.SwitchTorture(t, voss.Factory{}, 60, 50) }
