// Package speaker is the program that runs in a tester node: it speaks the protocols that its
// configuration names, and does what it is told, line by line.
//
// It is this program itself, put into the node and started there under its hidden verb; every process
// of it is executed in the node's namespaces from its first instruction on, since one that has threads
// cannot enter a namespace of users. "serve" is the node's daemon, and "ask" hands it one order over a
// socket of the node and prints the answer:
//
//	show neighbors
//	show routes {from: 10.0.0.2, within: 10.1.0.0/16}
//	announce {from: 10.0.0.0/24, count: 12000}
//	withdraw {from: 10.0.0.0/24, count: 100}
//	send {to: 10.0.0.2, type: 2, body: 00000000}
//	replay {file: /etc/x.pcapng, port: eth1, rewrite: {10.9.0.0/24: 10.0.0.0/24}}
//	start {name: o, port: eth1, ospf: {address: 10.0.0.1/24, router-id: 1.1.1.1}}
//	change {name: o, alter: [{of: [hello], checksum: wrong}]}
//
// An order is a word or two and a mapping in YAML's own short form, with the keys of the configuration.
// Answers are JSON. One that is refused says why, and the status of "ask" is 1 then.
package speaker
