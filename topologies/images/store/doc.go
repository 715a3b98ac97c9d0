// Package store keeps images without an engine: by digest, each unpacked once into a tree that
// every lab shares and none writes to.
//
// A [Store] is a folder:
//
//	store.json           which names and which configuration an image has
//	blobs/sha256/HEX     the configuration, as OCI's image specification has it; its digest is the image's
//	layers/HEX.zst       a layer, compressed; HEX is the digest of what it holds (OCI's diff id)
//	trees/HEX            the root file system
//
// The digest is that of the same image in an engine. Trees are made in a user namespace, so
// that an ordinary user's hold files of many users; device nodes are left out. What is taken in
// is compared with the digests that the configuration names, layer by layer.
//
// [Store.Import] takes what `docker save` writes; [Store.Put] takes a configuration and its
// layers from who has just made them. A program that uses a store calls [Serve] when it is
// started with the argument [Verb]: work in the namespace is done by the program itself.
// [Store.Build] makes the project's own images, [Store.Export] writes one out again, byte by byte
// what was taken in.
package store
