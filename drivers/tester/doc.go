// Package tester drives a node that is no router: it speaks a protocol as its scenario says, right or
// wrong, and tells what came. What runs there is package speaker, which is this program itself, put
// into the node; see there for what it can be told.
//
// The start-up configuration is a mapping in YAML:
//
//	interfaces: {eth1: [10.0.0.1/24]}
//	bgp:
//	  as: 65001
//	  router-id: 10.0.0.1
//	  neighbors:
//	    10.0.0.2: {as: 65002}
//	announce:
//	  - {from: 10.1.0.0/24, count: 12000, communities: ["65001:7"]}
//	sessions:
//	  - {name: o, port: eth2, ospf: {address: 10.0.1.1/24, router-id: 1.1.1.1}}
//
// A line of run and of configure is an order to the running speaker ("announce {from: 10.9.0.0/24}",
// "show neighbors"). Answers are JSON, with an exit status: 1 is a refusal. ResetConfig brings the
// configuration's routes and sessions back; sessions that are up stay so.
//
// The node needs a shell and iproute2 in its image, and nothing else.
package tester
