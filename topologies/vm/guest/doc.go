// Package guest makes and keeps the disks that virtual machines boot from: a Debian with
// the distribution's whole kernel, for what a container has to take from the kernel beneath
// it (802.1Q, bonding with LACP, bridges with spanning tree, netem), and with the
// switch software that the suite packages.
//
// A guest holds no secret: root has no password, and a shell on the serial console, which
// whoever runs the machine owns. Nothing starts by itself but that shell.
//
// A guest is a folder <suite>/<recipe>: disk.qcow2, and beside it the kernel and the initial
// ramdisk that boot it directly. It appears whole or not at all, and never changes.
//
// Non-goals: vendor images. They are the user's own, and named by the path of their disk.
package guest
