package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
)

// packImage compresses what write writes into a file, and gives the SHA-256 of that.
func packImage(file string, write func(io.Writer) error) (digest string, err error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", fmt.Errorf("pack the image: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := sha256.New()
	z, err := zstd.NewWriter(io.MultiWriter(f, sum), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return "", fmt.Errorf("pack the image: %w", err)
	}
	if err := errors.Join(write(z), z.Close()); err != nil {
		return "", fmt.Errorf("pack the image: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
