// Package host looks at the machine: what a lab of containers needs, what is there,
// what is lost without the rest, and how to get it. [Probe] only looks; [Fix] installs,
// starts and builds.
package host
