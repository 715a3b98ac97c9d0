package unpack

import (
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Limits bound what is unpacked of one file. Zero is no bound but for Size, which has to be given.
type Limits struct {
	Depth   int   // archives in archives; a tar in gzip is two
	Members int   // files in all archives together; of folders, links and devices so many times more
	Size    int64 // bytes in all archives together
	Member  int64 // bytes of one file
}

// What keeps a file from being unpacked.
var (
	// ErrDeep is archives in archives beyond the bound.
	ErrDeep = errors.New("archives in archives beyond the bound")
	// ErrMembers is more files than the bound.
	ErrMembers = errors.New("more files in it than the bound")
	// ErrSize is more bytes in all than the bound.
	ErrSize = errors.New("it unpacks to more than the bound")
	// ErrMember is a file in it that is larger than the bound.
	ErrMember = errors.New("a member is larger than the bound")
	// ErrWindow is a stream that refers farther back than the bound, and so takes as much memory.
	ErrWindow = errors.New("it is compressed over a longer distance than the bound")
	// ErrCut is an archive that ends in the middle.
	ErrCut = errors.New("the archive ends in the middle")
	// ErrEncrypted is a file that a password keeps.
	ErrEncrypted = errors.New("encrypted")
	// ErrDamaged is what cannot be unpacked at all.
	ErrDamaged = errors.New("damaged")
)

// Unpacker opens archives within bounds that all it opens share. Make one for each file that
// comes from somebody.
type Unpacker struct {
	limits  Limits
	room    int64
	members int
	heads   int           // of folders, links and devices
	zstd    *zstd.Decoder // for one stream after the other; nil before the first
}

// New makes an unpacker.
func New(l Limits) *Unpacker { return &Unpacker{limits: l, room: l.Size} }

// headsPerMember is how many folders, links and devices may come for each file of the bound.
const headsPerMember = 10

// count has one more file, or a head of something else, within its bound.
func (u *Unpacker) count(regular bool) error {
	n, most := &u.members, u.limits.Members
	if !regular {
		n, most = &u.heads, headsPerMember*u.limits.Members
	}
	if *n++; most > 0 && *n > most {
		return fmt.Errorf("%w of %d", ErrMembers, most)
	}
	return nil
}

// read takes what the bounds have room for, of a file or of what is none.
func (u *Unpacker) read(r io.Reader, regular bool) ([]byte, error) {
	if err := u.count(regular); err != nil {
		return nil, err
	}
	most, over := u.room, ErrSize
	if u.limits.Member > 0 && u.limits.Member < most {
		most, over = u.limits.Member, ErrMember
	}
	data, err := Read(r, most)
	switch {
	case errors.Is(err, ErrSize):
		return nil, fmt.Errorf("%w of %d bytes", over, most)
	case err != nil:
		return nil, broken(err)
	}
	u.room -= int64(len(data))
	return data, nil
}

// Read takes all of what a stream unpacks to, or is [ErrSize] where that is more than most bytes.
func Read(r io.Reader, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if int64(len(data)) > most {
		return nil, ErrSize
	}
	return data, err
}

// broken says how an archive is damaged.
func broken(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return ErrCut
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return fmt.Errorf("%w of %d bytes", ErrWindow, maxWindow)
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}
