// Package parcel makes one piece of a folder's files, to be sent to another machine, and makes a
// folder of that again.
//
//	data, err := parcel.Pack(ctx, run, parcel.Bounds{Files: 1000, Size: 64 << 20}, inputsOnly)
//	err = parcel.Unpack(ctx, data, filepath.Join(dir, "trials", "0007"), bounds, nil)
//
// # Contract
//
// A parcel is a tar (POSIX.1-2001) of regular files in one zstd frame, in the order of their
// names, with nothing in it of users, times or rights: the same files make the same bytes. What
// is no regular file is not packed, and is an error; nothing is followed.
//
// A parcel is input of strangers. It is taken apart within [Bounds], into a folder that did not
// exist and that takes its name when everything is there: names that lead out of it, links,
// devices, a name that comes twice and what is cut are an error, after which nothing is left.
// Whoever sends bytes on checks first that they are the ones that were sent; a parcel has no
// digest of its own.
package parcel
