// Package fleet carries trials from one coordinator to many workers, over NATS JetStream.
//
// One process decides (a [Coordinator]: of a rate, a search, a matrix) and many execute (a [Worker] on
// each host, with an [Executor] that knows labs; this package knows none). Between them stands a
// JetStream server, either one that harness/fleet/server embeds or any other, and nothing else: a
// coordinator and a worker never speak to each other directly.
//
//	conn, err := fleet.Dial(ctx, fleet.Access{URL: url, Identity: seedFile})
//	c, err := fleet.Join(ctx, conn, fleet.WorkID(planDigest), fleet.CoordinatorOptions{…})
//	err = c.Submit(ctx, fleet.Task{ID: "12", Trial: 12, Payload: plan}, needs)
//	sealed, err := c.Await(ctx, "12")   // verified; write it to the disk, append the ledger, then
//	err = c.Keep(ctx, sealed)           // and the fleet forgets it
//
// Contract. A task is executed at least once and its result is given out once: the first that verifies.
// Whatever comes later for the same task, because a worker was thought dead or a
// coordinator died between its disk and its Keep, is handed to [CoordinatorOptions.Uncounted] and never
// to [Coordinator.Await]. What is not kept comes again, to this coordinator or to the one that resumes the work
// under the same identity. No result is counted or thrown away because of what time a host has: leases run by the server's
// clock and by time that passes. A coordinator whose clock is ahead waits for one more renewal.
//
// A worker that dies, or is cut off, has its task begun elsewhere within twice the renewal; a coordinator
// that dies leaves its work to the next after three. A line of the ledger is written only while the work is held
// ([Coordinator.Holds]): who was cut off or suspended for longer than its lease is given nothing until the server confirms
// that nobody else has had the work. A task whose message is gone without a
// result (a server that lost its disk) is submitted again. A task that no worker can take is said at
// once, with each worker's reasons ([Offer.Lacks]), and whenever the workers change.
//
// Trust. Everybody is a key (an nkey, Ed25519). A task is signed by its coordinator, its payload
// is encrypted with a key that only the task carries, and its ticket comes back only from who took it. A result is sealed:
// the digests of its parts, chained per work and worker, signed by the worker. The embedded server
// enforces [Permissions]: a worker reads what it takes, and writes beneath its own key. Leases, cancellations,
// needs and requests are signed too, over their subject: a worker that has the server publish an answer where it may not
// publish itself (the reply subject of a request is its asker's choice) says nothing with it. It can spoil what
// stands there until its writer renews it. What a worker
// sends is bounded where it leaves and where it arrives.
//
// A worker is trusted with work: one that is let in takes what it likes, as much as it likes, and reads it. The server
// tells neither who has which task nor who gives one back, so that it can also end a task that another runs, or have it given to
// itself. Nothing that it sends counts for a task that it has not taken, and a task that nobody runs is given again. Who
// has the URL for workers can do that: [RemoveWorker] makes that URL void too.
//
// Non-goals. What a trial is, how it is judged and where it is recorded: see harness/experiment. Consensus
// between coordinators: one holds a work, others wait.
package fleet
