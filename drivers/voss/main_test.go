package voss_test

import (
	"flag"
	"testing"

	"github.com/reprise-lab/reprise/drivers/drivertest"
)

var _ = flag.Bool("update", false, "write the expected rows and recordings anew")

func TestMain(m *testing.M) { drivertest.Main(m) }
