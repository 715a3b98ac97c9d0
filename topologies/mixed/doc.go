// Package mixed builds labs of which some nodes are containers and others namespaces, with cables
// between them: a vendor's image beside a hundred routers that take a millisecond each.
//
// A node says what it is under runtime, or its image does; see [InSpaces]. Both parts are started side by
// side without cables, which the provider of containers then lays, all at once: it reaches all networks of the
// machine, where a lab of namespaces reaches its own alone. So a mixed lab takes what a lab of
// containers does, root or the engine's group.
package mixed
