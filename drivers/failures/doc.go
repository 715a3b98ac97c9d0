// Package failures reads what a platform's failures are called from a table: each platform of
// ours has one, failures.yaml beside its code, and drivers name the deaths that they tell of by
// it. A form of crash that the tables do not know is named by how the process ended alone, so
// that a table only ever says more.
//
// To teach a new form, put what was logged into a text file below the platform's
// testdata/failures, with the title that it shall have; the test of drivers/all reads them all
// and says which rule is missing. The head of such a file ends with an empty line:
//
//	process: bgpd
//	signal: SIGABRT
//	title: bgpd: assertion (x) failed in bgp_update()
//	kind: assert
//	alt: bgpd: SIGABRT
//
//	BGP: [X9T5J-MWC57] bgpd/bgp_route.c:4711: bgp_update(): assertion (x) failed
//
// Non-goals: it finds no deaths, and it does not judge them.
package failures
