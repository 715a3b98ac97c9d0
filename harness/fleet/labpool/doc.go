// Package labpool is the pool of trials that a fleet executes: what decides asks it for trials as it asks
// the pool of its own process (experiment.Here), and gets them executed by workers.
//
//	pool := labpool.New(labpool.Options{…})
//	coordinator, err := fleet.Join(ctx, conn, work, pool.Callbacks())
//	pool.Use(coordinator)
//	bench := experiment.Bench{Pool: pool, Env: trial.Environment{Provider: provider, …}, …}
//
// # Contract
//
// The run directory is made here, by the plan and without a lab; what a worker gets is that directory's plan
// (labworker.Payload). A result is taken once its seal was verified: its record is unpacked to the place of the
// trial, under a name that appears when all of it is there; it is judged here, from the record alone,
// and where that says another thing than the worker did, the trial is inconclusive and both are told; the ledger
// gets a line that names the host; all of that is on the disk before the fleet is told to forget the result.
// The seal stays beside the record (seal.json), so that it can be verified later.
//
// A result that cannot be the trial (a summary or a record that cannot be read, another trial's) is a line of the ledger and no
// trial; the trial is asked for again, and is inconclusive when three were no good. An error of this machine's disk ends
// the experiment.
//
// A result that came twice, or that nobody wanted any more, is a line of the ledger and no trial. A trial that was
// cancelled has no line. A run directory that is opened again ([Pool.Reopen]) answers from its ledger, and takes
// what the fleet still has of its trials where it is joined under the name of the same work: under a name that
// is new they are executed again.
//
// What a plan needs of a worker is read from the plan ([NeedsOf]) and from what it would ask for as a scenario
// of somebody else's, which it is on a worker. One that takes values of this machine's environment is
// refused: a worker has none of them.
//
// [Provider] stands in for what builds labs: it says whether some worker can, and builds none.
package labpool
