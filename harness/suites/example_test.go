package suites_test

import (
	"fmt"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/scenarios"
)

// An own suite registers the trees of the scenarios it cares about at the top level of
// a test file, with a provider and drivers of its choice:
//
//	var _ = func() bool {
//		registry, _ := all.Registry()                              // drivers/all
//		provider, _ := containers.New(containers.Options{})        // topologies/containers
//		p, env := prepare("cases/ospf-mtu", registry, provider) // as below
//		return suites.Trials(p, env, suites.Whole)
//	}()
//
//	func TestCases(t *testing.T) { suites.RunTest(t, "our cases") }
func Example() {
	prepare := func(file string, env trial.Environment) (*plan.Plan, error) {
		loaded, err := scenarios.Load(file, scenarios.Options{Platforms: env.Registry.Platforms()})
		if err != nil {
			return nil, err // every fault of the file, with its position
		}
		return plan.New(loaded, plan.Options{Variant: evidence.VariantControl, Trials: 5})
	}
	_, env := lab(evidence.VariantMain)
	p, err := prepare(env.Dir.File("scenario.yaml"), env)
	fmt.Println(p.Expected(), p.Trials, err)
	// Output: not-reproduced 5 <nil>
}
