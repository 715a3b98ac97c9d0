// Package draft makes scenarios of what a customer sent: what could have set the failure off, each as a
// scenario that runs, the likeliest first.
//
//	r := draft.New(draft.Options{Template: registry.Template, Others: others})
//	im, err := grammar.Files(names, intake.Options{Visit: r.Visit})
//	d := r.Draft(im, network, "OSPF between r1 and r2 is lost")
//	for _, h := range d.Hypotheses {
//		files, err := h.Files(lab, clean)
//	}
//
// # Contract
//
// Broken is what the files show: another master of a virtual router, or two, or none; a neighbour, a prefix or a route that one capture of a device has and a later
// one has not; a neighbour that is configured and not there; a prefix that a neighbour announces and that
// does not arrive; a setting that shows nowhere; of the protocol that the sentence names a neighbour that the only capture
// has in another state, or that a log has lost last. Without any of these, and without a sentence of the customer
// that says of one protocol that it is lost, nothing is drafted, and [Draft.Ask] says what to ask for.
//
// The symptom is the state that the latest capture shows, and not the loss alone: a neighbour in ExStart, one in Init and
// one that is gone are three failures, whichever ends were captured.
//
// What breaks a neighbour in another way than the customer's is another failure. Of what rests on no line of the files, or
// on the time alone, the symptom asks also for what the daemons of the failing protocol began to warn of, where their
// logs tell: [Draft.Complaints].
//
// A hypothesis is no claim: [Hypothesis.Reasons] say which lines of which files it rests on, or that nothing in
// the files tells of it. What was seen and cannot be made a condition or a step is in [Draft.Unknown].
//
// The earlier of two captures is taken for the healthier only where it shows more: what both lack was never
// there.
//
// What is lost is looked for in the lab only after the time in which what was merely disturbed is back, and what goes
// unheard is lost: by the timers of the protocols, or of the configurations where those are longer.
//
// # Not for
//
// Running anything, and judging: a drafted scenario is tried as every other.
package draft
