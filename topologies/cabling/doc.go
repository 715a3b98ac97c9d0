// Package cabling keeps the cables of a lab whose nodes are network namespaces: it lays them,
// lays them anew when a node is restarted, puts faults on them, and says what is no longer as it
// left it.
//
// What a node is does not matter. A provider says how its networks are reached ([Site]), and
// where its nodes hold machines, what becomes of those ([Machines]).
package cabling
