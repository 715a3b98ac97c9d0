// Package images keeps the images that virtual switches run in with a container engine: what
// topologies/recipe makes is imported and tagged, so no registry takes part.
//
// Non-goals: vendor images. They are the user's own; load them with docker load.
package images
