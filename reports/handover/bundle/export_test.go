package bundle

import (
	"bytes"
	"crypto/sha256"
)

// SealTar puts a right seal after a zstd frame, as somebody with intent would.
func SealTar(frame []byte) []byte {
	out := append(bytes.Clone(frame), sealFrame()...)
	h := sha256.New()
	h.Write(out)
	return append(out, sealText(h)...)
}

// SealZip puts a right seal into a zip whose comment is of its size.
func SealZip(zip []byte) []byte {
	out := bytes.Clone(zip[:len(zip)-sealSize])
	h := sha256.New()
	h.Write(out)
	return append(out, sealText(h)...)
}

// SealSize is the size of the seal's text.
const SealSize = sealSize

// TarHeader is the predicted header of an entry.
func TarHeader(name string, size int64) []byte { return tarHeader(name, size) }

// CheckName tells why a name may not be one of a bundle.
func CheckName(name string) error { return checkName(name) }
