// Package recipe makes the root file systems that virtual switches run in: one per Debian
// suite, holding every platform that the suite packages (FRR, BIRD, Open vSwitch,
// keepalived, lldpd) and the tools that a lab needs.
//
// A tree is made with mmdebstrap from the distribution's packages; an ordinary user can,
// with subordinate ids. What keeps it (an engine, a store of one's own) tags it by what it
// holds: reprise/debian:bookworm and reprise/frr:8.4.4 are the same. Its labels name the
// recipe and the exact package versions, so what a run was made with can be told from the
// image alone.
//
// Non-goals: keeping images, vendors' images.
package recipe
