// Package labs opens what builds labs: the container engine, namespaces, machines, the devices
// of an inventory; and the stores of images and guests beside them. It is the one door to a
// lab, where a foreign scenario is asked what it may have.
//
// [Here] is what main gives the verbs as their [cli.Opener]. Only verbs that look after labs
// themselves, and the child that runs a trial, import this package.
package labs
