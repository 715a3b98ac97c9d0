// Package images makes the images that virtual switches run in: one per Debian
// suite, holding every platform that the suite packages (FRR, BIRD, Open vSwitch,
// keepalived, lldpd) and the tools that a lab needs.
//
// An image is made with mmdebstrap and imported into the engine, so no registry
// takes part. It is tagged by what it holds: reprise/debian:bookworm and
// reprise/frr:8.4.4 are the same image. Its labels name the recipe and the exact
// package versions, so what a run was made with can be told from the image alone.
//
// Non-goals: vendor images. They are the user's own; load them with docker load.
package images
