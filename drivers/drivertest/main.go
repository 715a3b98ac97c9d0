package drivertest

import (
	"flag"
	"testing"
)

// atOnce is how many parallel tests of simulated devices run at a time. They wait and compute
// little, so that it does not depend on the number of processors.
const atOnce = "4"

// Main is the TestMain of a package whose tests wait for simulated devices: as many of them as
// wait well beside each other run at a time, unless the command line names another number.
func Main(m *testing.M) {
	flag.Parse()
	named := false
	flag.Visit(func(f *flag.Flag) { named = named || f.Name == "test.parallel" })
	if !named {
		if err := flag.Set("test.parallel", atOnce); err != nil {
			panic(err)
		}
	}
	m.Run()
}
