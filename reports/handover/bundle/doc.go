// Package bundle packs runs for somebody else, and reads what somebody else packed.
//
//	staged, err := bundle.Stage(ctx, dir, bundle.StageOptions{Runs: runs})   lay the tree out
//	...                                                                      redact it there
//	src, err := bundle.Complete(ctx, staged, bundle.CompleteOptions{...})    what follows from it
//	m, err := bundle.Write(ctx, out, src, bundle.Options{Signer: key})       pack it
//
// [Create] does all of it. What is in a bundle:
//
//	manifest.json          every file with its size and SHA-256, and the claim     [Manifest]
//	manifest.json.sig      SSH signature over the manifest's bytes, if it is signed
//	REPORT.md report.html  the run's own reports
//	attestations/          an in-toto statement of the test result
//	case/                  the case's files, if there is a case
//	custody.ndjson         who did what with it, each line with the digest of the one before
//	env.json images.lock   where the runs were made, and of what
//	redaction/report.json  what was cut
//	runs/<id>/             the run directories
//
// # The container
//
// The same content gives the same bytes: names are sorted, times and owners fixed, the
// compression pinned. Another version of the compression may give others, which read back
// the same; that is why a signature covers digests of files and not the archive. The manifest is the first entry and says everything about the rest,
// so that a reader predicts each byte of the container that is not content and refuses
// whatever differs. It never follows what a header says: another order, another name, a
// link, a device, an attribute or a byte in the padding is simply not what the manifest
// announces.
//
// A tar.zst is exactly one zstd frame and after it a skippable frame, the seal, with the
// SHA-256 of all bytes before; a zip holds its seal in the archive's comment. The seal
// shows every damaged byte, also in parts of a frame that decompress to the same content.
// It is no protection against intent: that is the signature's, which covers the manifest
// and by it every file. An encrypted bundle is authenticated by age down to the last bit.
//
// # Limits
//
// What is read is hostile. The manifest is bounded first, then what it announces: entries,
// sizes, and the ratio to what is there; the decompressor's window is bounded, and no more
// is taken from it than was announced. Names are clean relative paths that stay different
// where case does not count. Files are written below an [os.Root] in a new folder that
// takes its name only when all of it is there.
//
// The package judges nothing. [Verify] is given the judge as a function.
package bundle
