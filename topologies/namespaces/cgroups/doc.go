// Package cgroups divides a control group of version 2 that was delegated to this user: one group
// for a lab, and in it one for each node, which the kernel bounds.
//
// A group is delegated where this process is in it, may make groups and move processes there, and
// nobody else manages it. Where systemd runs, it marks such groups (Delegate= of
// systemd.resource-control(5)); elsewhere, the right to write says so. [Find] looks and changes
// nothing. [Delegation.Divide] first takes whatever is in the delegated group into a group below it,
// since one that has processes gives its groups no bounds (cgroups(7), "no internal processes").
//
// The file that moves processes into a node's group is opened by who divides, and may be written by
// a process that has fewer rights and another view of the groups: the kernel goes by who opened it
// (Linux 5.16, and the updates of older ones for CVE-2021-4197).
//
// Nothing here ends by itself: a group that has no processes stays until [Lab.Remove] or [Sweep]
// takes it, or with the unit of systemd's that it is in.
//
// Non-goals: version 1, bounds of devices and of input and output, and asking systemd for a group.
package cgroups
