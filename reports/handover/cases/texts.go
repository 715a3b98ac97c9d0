package cases

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// Bounds on what an archive unpacks to.
const (
	maxMembers = 1000
	maxNested  = 3
)

// text is one text of a file that a customer sent.
type text struct {
	name string // within an archive; empty for the file itself
	text []byte // UTF-8 with newlines
}

// texts gives what is to be read in a file: gzip, bzip2, tar and zip are unpacked, UTF-16 and
// Latin-1 decoded, line ends made newlines. What is no text (cores, captures) is left out.
func texts(data []byte) ([]text, error) {
	u := unpacker{room: maxLog, members: maxMembers}
	if err := u.file("", data, 0); err != nil {
		return nil, err
	}
	return u.found, nil
}

type unpacker struct {
	room    int64
	members int
	found   []text
}

func (u *unpacker) file(name string, data []byte, depth int) error {
	if u.members--; u.members < 0 {
		return fmt.Errorf("it holds more than %d files", maxMembers)
	}
	if depth > maxNested {
		return fmt.Errorf("archives lie in it %d deep", depth)
	}
	switch {
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return fmt.Errorf("unpack it: %w", err)
		}
		return u.unpacked(name, z, depth)
	case bytes.HasPrefix(data, []byte("BZh")):
		return u.unpacked(name, bzip2.NewReader(bytes.NewReader(data)), depth)
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return u.zip(name, data, depth)
	case len(data) > 512 && bytes.HasPrefix(data[257:], []byte("ustar")):
		return u.tar(name, data, depth)
	}
	if decoded, ok := decode(data); ok {
		u.found = append(u.found, text{name, decoded})
	}
	return nil
}

// unpacked goes on with what a stream unpacks to.
func (u *unpacker) unpacked(name string, r io.Reader, depth int) error {
	data, err := u.read(r)
	if err != nil {
		return err
	}
	return u.file(name, data, depth+1)
}

// read takes what the bound has room for.
func (u *unpacker) read(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, u.room+1))
	switch u.room -= int64(len(data)); {
	case u.room < 0:
		return nil, fmt.Errorf("it unpacks to more than %d MB: attach the part of the failure", maxLog>>20)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errors.New("it is cut: the archive ends in the middle")
	case err != nil:
		return nil, fmt.Errorf("unpack it: %w", err)
	}
	return data, nil
}

func (u *unpacker) tar(name string, data []byte, depth int) error {
	for archive := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return errors.New("it is cut: the archive ends in the middle")
		case err != nil:
			return fmt.Errorf("unpack it: %w", err)
		}
		if h.Typeflag == tar.TypeReg {
			if err := u.unpacked(within(name, h.Name), archive, depth); err != nil {
				return err
			}
		}
	}
}

func (u *unpacker) zip(name string, data []byte, depth int) error {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return fmt.Errorf("unpack it: %w", err)
	}
	for _, f := range archive.File {
		if f.FileInfo().IsDir() {
			continue
		}
		const encrypted = 1 // of the flags, APPNOTE.TXT 4.4.4
		if f.Flags&encrypted != 0 {
			return fmt.Errorf("%s in it is encrypted: attach it unpacked", f.Name)
		}
		r, err := f.Open()
		if err != nil {
			return fmt.Errorf("unpack it: %w", err)
		}
		err = u.unpacked(within(name, f.Name), r, depth)
		_ = r.Close() // it was read
		if err != nil {
			return err
		}
	}
	return nil
}

func within(outer, inner string) string {
	if outer == "" {
		return inner
	}
	return outer + "/" + inner
}

// decode gives a text as UTF-8; false for what is none.
func decode(data []byte) ([]byte, bool) {
	switch low, ok := wide(data); {
	case ok:
		data = narrow(data, low)
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		data = data[3:]
	case bytes.IndexByte(data[:min(len(data), 4096)], 0) >= 0:
		return nil, false
	case !utf8.Valid(data):
		latin := make([]rune, len(data))
		for i, b := range data {
			latin[i] = rune(b)
		}
		data = []byte(string(latin))
	}
	return bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")), true
}

// wide tells the place of the low byte in each unit of UTF-16; false for what is none. Without a
// mark it is known by the zeros that letters of ASCII have.
func wide(data []byte) (low int, ok bool) {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		return 0, true
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return 1, true
	}
	head := data[:min(len(data), 512)&^1]
	zeros := [2]int{}
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	units := len(head) / 2
	switch {
	case units < 4:
		return 0, false
	case zeros[1]*10 >= units*9 && zeros[0] == 0:
		return 0, true
	default:
		return 1, zeros[0]*10 >= units*9 && zeros[1] == 0
	}
}

func narrow(data []byte, low int) []byte {
	units := make([]uint16, 0, len(data)/2)
	for i := 0; i+1 < len(data); i += 2 {
		units = append(units, uint16(data[i+low])|uint16(data[i+1-low])<<8)
	}
	if len(units) > 0 && units[0] == 0xfeff {
		units = units[1:]
	}
	return []byte(string(utf16.Decode(units)))
}
