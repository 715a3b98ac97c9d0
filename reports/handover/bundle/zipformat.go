package bundle

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"io"
)

// The bytes of a zip archive that are not content, written here and predicted by the
// reader, as with tar: deflated entries with data descriptors, no extra fields, no zip64.

const (
	zipLocal    = 0x04034b50
	zipDescr    = 0x08074b50
	zipCentral  = 0x02014b50
	zipEnd      = 0x06054b50
	zipLocalLen = 30
	zipDescrLen = 16
	zipDirLen   = 46
	zipEndLen   = 22
	zipDate     = (2000-1980)<<9 | 1<<5 | 1 // 2000-01-01, as MS-DOS counts
	zipFlags    = 0x0808                    // sizes follow the data; names are UTF-8
	zipDeflate  = 8
)

// zipEntry is what the central directory says of an entry beside its name.
type zipEntry struct {
	crc          uint32
	packed, size uint32
	offset       uint32
}

func zipCommon(b []byte, e zipEntry, name string) []byte {
	b = binary.LittleEndian.AppendUint16(b, 20) // version needed
	b = binary.LittleEndian.AppendUint16(b, zipFlags)
	b = binary.LittleEndian.AppendUint16(b, zipDeflate)
	b = binary.LittleEndian.AppendUint16(b, 0) // midnight
	b = binary.LittleEndian.AppendUint16(b, zipDate)
	b = binary.LittleEndian.AppendUint32(b, e.crc)
	b = binary.LittleEndian.AppendUint32(b, e.packed)
	b = binary.LittleEndian.AppendUint32(b, e.size)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(name))) //nolint:gosec // names are bounded
	return binary.LittleEndian.AppendUint16(b, 0)              // extra fields
}

func zipLocalHeader(name string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, zipLocal)
	return append(zipCommon(b, zipEntry{}, name), name...)
}

func zipDescriptor(e zipEntry) []byte {
	b := binary.LittleEndian.AppendUint32(nil, zipDescr)
	b = binary.LittleEndian.AppendUint32(b, e.crc)
	b = binary.LittleEndian.AppendUint32(b, e.packed)
	return binary.LittleEndian.AppendUint32(b, e.size)
}

func zipDirHeader(name string, e zipEntry) []byte {
	b := binary.LittleEndian.AppendUint32(nil, zipCentral)
	b = binary.LittleEndian.AppendUint16(b, 3<<8|20) // made on Unix
	b = zipCommon(b, e, name)
	b = append(b, make([]byte, 6)...) // comment, disk, internal attributes
	b = binary.LittleEndian.AppendUint32(b, 0o100644<<16)
	b = binary.LittleEndian.AppendUint32(b, e.offset)
	return append(b, name...)
}

func zipEndRecord(entries int, dirSize, dirOffset int64) []byte {
	b := binary.LittleEndian.AppendUint32(nil, zipEnd)
	b = binary.LittleEndian.AppendUint32(b, 0)                 // disks
	b = binary.LittleEndian.AppendUint16(b, uint16(entries))   //nolint:gosec // bounded before anything is written
	b = binary.LittleEndian.AppendUint16(b, uint16(entries))   //nolint:gosec // the same
	b = binary.LittleEndian.AppendUint32(b, uint32(dirSize))   //nolint:gosec // bounded by the archive's size
	b = binary.LittleEndian.AppendUint32(b, uint32(dirOffset)) //nolint:gosec // the same
	return binary.LittleEndian.AppendUint16(b, uint16(sealSize))
}

// zipContainer is a zip in the making.
type zipContainer struct {
	seal  *sealWriter
	z     *flate.Writer
	dir   bytes.Buffer
	count int
	buf   []byte
}

func newZipContainer(out io.Writer) *zipContainer {
	z, _ := flate.NewWriter(io.Discard, flate.DefaultCompression) // only a wrong level fails
	return &zipContainer{seal: newSealWriter(out), z: z, buf: make([]byte, 256<<10)}
}

func (c *zipContainer) add(name string, size int64, r io.Reader) error {
	e := zipEntry{offset: uint32(c.seal.n), size: uint32(size)} //nolint:gosec // close checks the bound
	if _, err := c.seal.Write(zipLocalHeader(name)); err != nil {
		return err
	}
	start := c.seal.n
	sum := crc32.NewIEEE()
	c.z.Reset(c.seal)
	n, err := io.CopyBuffer(io.MultiWriter(c.z, sum), r, c.buf)
	if err != nil {
		return err
	}
	if n != size {
		return io.ErrUnexpectedEOF
	}
	if err := c.z.Close(); err != nil {
		return err
	}
	e.crc, e.packed = sum.Sum32(), uint32(c.seal.n-start) //nolint:gosec // close checks the bound
	c.dir.Write(zipDirHeader(name, e))
	c.count++
	_, err = c.seal.Write(zipDescriptor(e))
	return err
}

func (c *zipContainer) close() error {
	offset := c.seal.n
	if offset+int64(c.dir.Len()) > maxZip {
		return &LimitError{"a zip holds no more than 4 GiB"}
	}
	size := int64(c.dir.Len())
	if _, err := c.seal.Write(c.dir.Bytes()); err != nil {
		return err
	}
	if _, err := c.seal.Write(zipEndRecord(c.count, size, offset)); err != nil {
		return err
	}
	return c.seal.finish()
}

// parseZipEnd reads the record that ends the archive, which must be the one this program
// writes for its numbers.
func parseZipEnd(b []byte) (entries int, dirSize, dirOffset int64, ok bool) {
	entries = int(binary.LittleEndian.Uint16(b[8:]))
	dirSize = int64(binary.LittleEndian.Uint32(b[12:]))
	dirOffset = int64(binary.LittleEndian.Uint32(b[16:]))
	return entries, dirSize, dirOffset, bytes.Equal(b, zipEndRecord(entries, dirSize, dirOffset))
}

// readZipDir reads the directory's next entry, whose name is known.
func readZipDir(r *bufio.Reader, name string) (zipEntry, error) {
	want := zipDirHeader(name, zipEntry{})
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r, got); err != nil {
		return zipEntry{}, damaged("the zip's directory is cut off")
	}
	e := zipEntry{
		crc: binary.LittleEndian.Uint32(got[16:]), packed: binary.LittleEndian.Uint32(got[20:]),
		size: binary.LittleEndian.Uint32(got[24:]), offset: binary.LittleEndian.Uint32(got[42:]),
	}
	if !bytes.Equal(got, zipDirHeader(name, e)) {
		return e, damaged("the zip's directory does not name %q next, as the manifest does", name)
	}
	return e, nil
}
