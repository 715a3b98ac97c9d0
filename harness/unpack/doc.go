// Package unpack opens the files that customers and vendors send: packed as gzip, zstd, bzip2,
// tar and zip, one in another, and written in UTF-8, UTF-16 or Latin-1.
//
//	texts, err := unpack.Texts(data, unpack.Limits{Depth: 3, Members: 1000, Size: 256 << 20})
//
// # Contract
//
// A file is input of strangers. All that is unpacked of one file is bounded together, by the
// [Limits] of its [Unpacker]: how deep archives lie in archives, how many files they hold, how
// many bytes they unpack to, and how large one of them is. What a bound or damage cuts is an
// error that says so ([ErrDeep], [ErrMembers], [ErrSize], [ErrMember], [ErrCut],
// [ErrEncrypted], [ErrDamaged]), never a part that looks whole. Nothing is written to a disk,
// and no name in an archive is a path to anything.
//
// It is a leaf below the harness: its reading of known issues, the cases, the redaction and the
// gate open the same files.
package unpack
