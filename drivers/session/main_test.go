package session_test

import (
	"testing"

	"github.com/reprise-lab/reprise/drivers/drivertest"
)

func TestMain(m *testing.M) { drivertest.Main(m) }
