// Package store keeps images without an engine: by digest, each unpacked once into a tree that
// every lab shares and none writes to.
//
// A [Store] is a folder:
//
//	store.json           which names and which configuration an image has
//	blobs/sha256/HEX     the configuration, as OCI's image specification has it; its digest is the image's
//	trees/HEX            the root file system
//
// The digest is that of the same image in an engine. Trees are made in a user namespace, so
// that an ordinary user's hold files of many users; device nodes are left out. What is taken in
// is compared with the digests that the configuration names, layer by layer.
//
// [Store.Import] takes what `docker save` writes; [Store.Put] takes a configuration and its
// layers from who has just made them. A program that uses a store calls [Serve] when it is
// started with the argument [Verb]: work in the namespace is done by the program itself.
//
// Layers are not kept: an image cannot be written out again.
package store
