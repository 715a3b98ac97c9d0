// Package labworker is what a worker of a fleet does with a trial that it took: it opens the plan as
// somebody else's, executes the trial in a lab of this machine as any other is executed, and packs
// what was recorded.
//
//	b, err := labworker.New(labworker.Settings{Labs: here, Registry: registry, Dir: state, Slots: 2})
//	result, record, err := b.Try(ctx, labworker.Order{Payload: payload, Trial: 7}, say)
//
// # Contract
//
// What comes to a worker is other people's. The payload of a trial is run.json and the inputs of a
// run directory ([Payload]); it is taken apart within bounds below the worker's own folder, which is
// marked as foreign (topologies/origin), so that its scenario gets of this machine what the rules of
// scenarios allow and what was named when the worker was started, and nothing else. What it may not
// have, and what this program cannot read, is a [*RefusedError]: no lab was built. What this machine lacks
// for that, such as room on its disk, or an image of the digest in run.json, is another error: the next
// worker may have it.
//
// A trial is executed by harness/trial under the number that it has in its run, and judged there; who
// asked for it judges the record again. What it was executed on is in the record (host.json), and so is
// what of it was too large to be sent (not-sent.txt): cores go first, then captures. A trial whose ctx ends is ended in order, its lab taken into
// account as one that broke, and nothing of it is given out.
//
// A worker has so many slots, each with a lab of its own. The lab stays up for the next trial of the
// same plan, which resets it as the plan says, and is taken down when a trial of another comes or
// after it has had nothing to do for a while. Names of labs hold the worker's, so that several workers
// share a machine.
//
// Credentials of devices are in the inventory of the worker and in its memory alone: transcripts pass
// the recorder's redaction before they are written, as everywhere.
package labworker
