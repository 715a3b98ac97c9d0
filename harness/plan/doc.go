// Package plan says what a run will do.
//
// A [Plan] is a loaded scenario with its overrides applied and everything resolved: nodes
// with their platform, image and configuration, steps in their order, conditions compiled.
// It is made once, by [New] from a scenario or by [OpenRun] from a run directory, and is
// data from then on: package trial carries it out, package judge decides by it, and
// neither changes it.
//
// What never happens here: a lab is asked or built, a device is opened, the environment of
// a recorded run is taken from this machine.
package plan
