// Package namespaces is the provider whose nodes are namespaces of the kernel: labs without a
// container engine and without root.
//
// A lab is one process of this program, its supervisor, started with the argument [Verb] and
// running [Serve]. It is root of a user namespace (package userns), the first process of a
// namespace of processes, and has a root file system of its own in memory. When it ends,
// however, the kernel ends everything of the lab. It ends with its owner, which it holds by a
// pidfd, unless the lab is kept.
//
// A node has namespaces of mounts, network, processes, name, IPC and control groups, over an
// overlay of an image's tree (package images/store) and a file system in memory. Its first
// process is a program of a few hundred bytes; see init.go. Commands are started by the
// supervisor on a thread that has entered the node, confined as every process of it is, with
// the owner's own pipes: nothing is copied in between. Cables are laid by package wiring in the
// supervisor, each as soon as both of its nodes are there.
//
// Whatever is done to a node or a command is done by a pidfd or an open /proc of it: a number that
// the system has given anew leads to nobody else. See held.go. In a lab that has containers too, a
// helper lays cables by the number of a node's first process, which is known to be the node's just
// before, and not held meanwhile; and a person enters a node by that number.
//
// A node that uses more than it may is ended by the supervisor, which says why; see bounds.go. Where a
// control group is delegated (package cgroups), the kernel bounds it too; see groups.go.
//
// Non-goals: images that start something by themselves, ports and networks of the machine. Such nodes
// are refused by Check, in words that name who has them.
package namespaces
