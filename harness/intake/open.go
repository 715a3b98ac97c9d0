package intake

import (
	"archive/tar"
	"bufio"
	"bytes"
	"cmp"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/reprise-lab/reprise/harness/unpack"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// Options are how files are read. The zero value is good.
type Options struct {
	// Lacks tells what a text of this kind lacks; known is false where nobody can tell.
	Lacks func(kind Kind, platform, text string) (lacks []string, known bool)
	// Commands lists what a class of problem asks of a platform.
	Commands func(platform, class string) []string
	Classes  []string
	Now      time.Time // that ages are told from; zero tells none
	Limits   unpack.Limits
	// Visit is given each answer when it is whole. What is known of the part may still grow, and its
	// address stays the same. An error ends the reading.
	Visit func(p *Part, c *Command, text string) error
}

// DefaultLimits bound what a file may unpack to.
func DefaultLimits() unpack.Limits {
	return unpack.Limits{Depth: 4, Members: 5000, Size: 512 << 20, Member: 256 << 20}
}

// maxPacked bounds archives, which are read into memory, in bytes.
const maxPacked = 256 << 20

// errTooLong is a stream that is longer than the bound.
var errTooLong = errors.New("it unpacks to more than the bound")

// Files reads files one after the other. What cannot be read says so in its [File]; an error is the
// visitor's.
func (g *Grammar) Files(names []string, o Options) (*Import, error) {
	if o.Limits.Size == 0 {
		o.Limits = DefaultLimits()
	}
	im := &Import{Files: []File{}, Devices: []Device{}}
	seen := map[string]string{}
	for _, name := range names {
		f, err := g.file(name, &o, seen)
		if err != nil {
			return nil, err
		}
		im.Files = append(im.Files, f)
	}
	im.together(&o)
	return im, nil
}

// reading is one file on its way.
type reading struct {
	g    *Grammar
	o    *Options
	f    *File
	seen map[string]string // digest of a part to where it was
	// damaged are files within archives that were not read, or not further, with the reason.
	damaged []string
}

// visitError is an error of the visitor, which ends all.
type visitError struct{ error }

func (g *Grammar) file(name string, o *Options, seen map[string]string) (File, error) {
	f := File{Name: name, Parts: []*Part{}}
	r := &reading{g: g, o: o, f: &f, seen: seen}
	err := r.open(name)
	r.sameReport()
	if v := (visitError{}); errors.As(err, &v) {
		return f, v.error
	}
	if err != nil {
		r.damaged = append(r.damaged, inWords(err, o.Limits))
	}
	f.Error = strings.Join(r.damaged, "; ")
	return f, nil
}

// inWords says why a file was not read, or not further.
func inWords(err error, l unpack.Limits) string {
	switch {
	case errors.Is(err, errTooLong), errors.Is(err, unpack.ErrSize):
		return fmt.Sprintf("it unpacks to more than %d MB: send the part of the failure", l.Size>>20)
	case errors.Is(err, unpack.ErrMembers):
		return fmt.Sprintf("it holds more than %d files", l.Members)
	case errors.Is(err, unpack.ErrDeep):
		return fmt.Sprintf("archives lie in it more than %d deep", l.Depth)
	case errors.Is(err, unpack.ErrCut), errors.Is(err, io.ErrUnexpectedEOF):
		return "it is cut: the archive ends in the middle"
	case errors.Is(err, unpack.ErrEncrypted):
		return err.Error() + ": send it unpacked"
	}
	return err.Error()
}

func (r *reading) open(name string) error {
	file, err := plain.Open(name)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // read only
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("look at it: %w", err)
	}
	r.f.Bytes = info.Size()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return fmt.Errorf("read it: %w", err)
	}
	r.f.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read it again: %w", err)
	}
	if info.Size() == 0 {
		return errors.New("it is empty")
	}
	return r.content(file, info.Size())
}

// content reads a file by what it begins with.
func (r *reading) content(file *os.File, size int64) error {
	in := bufio.NewReaderSize(file, 64<<10)
	head, err := in.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read it: %w", err)
	}
	switch f := unpack.FormatOf(head); f {
	case unpack.Plain:
		return r.one("", in, head)
	case unpack.Gzip:
		r.f.Packed = "gzip"
		z, err := gzip.NewReader(in)
		if err != nil {
			return fmt.Errorf("unpack it: %w", err)
		}
		inner := bufio.NewReaderSize(&bounded{r: z, room: r.o.Limits.Size}, 64<<10)
		head, ended := inner.Peek(512)
		if errors.Is(ended, io.EOF) {
			ended = nil
		}
		if ended != nil && len(head) == 0 {
			return fmt.Errorf("unpack it: %w", ended)
		}
		if unpack.FormatOf(head) == unpack.Plain { // as it comes: a log in it may be long, or cut
			return cmp.Or(r.one("", inner, head), ended)
		}
		data, ended := io.ReadAll(inner) // of an archive that is cut, what came before is read
		err = r.archive("", data, 1, unpack.New(r.o.Limits))
		if v := (visitError{}); errors.As(err, &v) {
			return err
		}
		return cmp.Or(ended, err)
	default:
		r.f.Packed = map[unpack.Format]string{unpack.Zstd: "zstd", unpack.Bzip2: "bzip2", unpack.Zip: "zip", unpack.Tar: "tar"}[f]
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("read it again: %w", err)
		}
	}
	if size > maxPacked {
		return fmt.Errorf("an archive of more than %d MB: send the part of the failure", maxPacked>>20)
	}
	data, err := io.ReadAll(io.LimitReader(file, maxPacked))
	if err != nil {
		return fmt.Errorf("read it: %w", err)
	}
	return r.archive("", data, 0, unpack.New(r.o.Limits))
}

// archive reads what is in a file, through all its archives. One that is damaged within another is told, and what
// stands behind it is read.
func (r *reading) archive(name string, data []byte, depth int, u *unpack.Unpacker) error {
	f := unpack.FormatOf(data)
	if f == unpack.Plain {
		if len(data) == 0 {
			return nil
		}
		return r.one(name, bytes.NewReader(data), data[:min(len(data), 512)])
	}
	err := u.Each(data, depth, func(m unpack.Member) error {
		inner := name
		switch {
		case !m.Regular:
			return nil
		case f.Stream(), m.Name == "":
		default:
			inner = path.Join(name, m.Name)
		}
		err := r.archive(inner, m.Data, depth+1, u)
		if v := (visitError{}); err == nil || errors.As(err, &v) || errors.Is(err, unpack.ErrSize) || errors.Is(err, unpack.ErrMembers) || f.Stream() {
			return err
		}
		if len(r.damaged) < most {
			r.damaged = append(r.damaged, inner+": "+inWords(err, r.o.Limits))
		}
		return nil
	})
	var left error
	switch {
	case !errors.Is(err, unpack.ErrCut):
	case f == unpack.Tar:
		left = r.remnant(name, data)
	case f == unpack.Zip:
		left = r.unlisted(name, data)
	}
	if v := (visitError{}); errors.As(left, &v) {
		return v
	}
	return err
}

// unlisted reads the texts of a zip whose list of files, which is at its end, did not come: by the heads before each
// (APPNOTE.TXT, 4.3.7). The last may not be whole, and says so.
func (r *reading) unlisted(name string, data []byte) error {
	const head, stored, deflated, encrypted, behind = 30, 0, 8, 1, 8 // behind: the sizes stand behind the file
	room := r.o.Limits.Size
	for range r.o.Limits.Members {
		at := bytes.Index(data, []byte("PK\x03\x04"))
		if at < 0 || len(data) < at+head {
			return nil
		}
		h := data[at : at+head]
		names, extra := int(binary.LittleEndian.Uint16(h[26:])), int(binary.LittleEndian.Uint16(h[28:]))
		begin := at + head + names + extra
		if begin > len(data) {
			return nil
		}
		inner := path.Join(name, string(data[at+head:at+head+names]))
		data = data[begin:]
		packed := bytes.NewReader(data)
		var from io.Reader
		switch method := binary.LittleEndian.Uint16(h[8:]); {
		case h[6]&encrypted != 0:
			continue
		case method == deflated:
			from = flate.NewReader(packed)
		case method == stored && h[6]&behind == 0:
			from = &exactly{packed, int64(binary.LittleEndian.Uint32(h[18:]))}
		default:
			continue
		}
		text, ended := io.ReadAll(&bounded{r: from, room: room})
		if errors.Is(ended, errTooLong) {
			return ended
		}
		room -= int64(len(text))
		if len(text) > 0 && unpack.FormatOf(text) == unpack.Plain {
			in := &exactly{bytes.NewReader(text), int64(len(text))}
			if ended != nil {
				in.left++ // it ends as the archive does
			}
			if err := r.one(inner, in, text[:min(len(text), 512)]); errors.As(err, &visitError{}) {
				return err
			}
		}
		data = data[len(data)-packed.Len():]
	}
	return nil
}

// remnant reads what there is of the text that a tar archive ends in the middle of: its part says that it is not whole.
func (r *reading) remnant(name string, data []byte) error {
	archive := tar.NewReader(bytes.NewReader(data))
	for h, err := archive.Next(); err == nil; h, err = archive.Next() {
		text, ended := io.ReadAll(io.LimitReader(archive, int64(len(data))))
		if errors.Is(ended, io.ErrUnexpectedEOF) && len(text) > 0 && h.Typeflag == tar.TypeReg && unpack.FormatOf(text) == unpack.Plain {
			return r.one(path.Join(name, h.Name), io.MultiReader(bytes.NewReader(text), archive), text[:min(len(text), 512)]) //nolint:gosec // G305: no file is made of the name
		}
	}
	return nil
}

// one reads what is not packed.
func (r *reading) one(name string, in io.Reader, head []byte) error {
	switch {
	case isCapture(head):
		p := capture(name, in)
		if now := r.o.Now; !p.Taken.IsZero() && !now.IsZero() {
			p.Age = now.Sub(p.Taken)
		}
		r.f.Parts = append(r.f.Parts, p)
		return nil
	case bytes.HasPrefix(head, []byte("\x7fELF")):
		kind := Binary
		if len(head) > 17 && (head[16] == 4 || head[17] == 4) { // ET_CORE, of either order (gABI, 4)
			kind = Core
		}
		r.f.Parts = append(r.f.Parts, &Part{Name: name, Kind: kind})
		return nil
	}
	if !isText(head) {
		r.f.Parts = append(r.f.Parts, &Part{Name: name, Kind: Binary})
		if by := packer(head); by != "" {
			return fmt.Errorf("it is packed with %s, which is not read: send it unpacked, or as zip or tar.gz", by)
		}
		return nil
	}
	s := newSplitter(r.g, r.o, name)
	_, s.asked = reported(name)
	err := s.read(in)
	if s.failed != nil {
		return visitError{s.failed}
	}
	if err != nil && len(s.parts) > 0 {
		s.parts[len(s.parts)-1].cut("%s", inWords(err, r.o.Limits))
	}
	for _, p := range s.parts {
		sum := string(p.sum.Sum(nil))
		p.Digest = hex.EncodeToString([]byte(sum))
		where := r.f.Name
		if name != "" {
			where += "!" + name
		}
		if first, ok := r.seen[sum]; ok {
			p.SameAs = first
		} else {
			r.seen[sum] = fmt.Sprintf("%s:%d", where, p.Line)
		}
		r.f.Parts = append(r.f.Parts, p.Part)
	}
	return err
}

// exactly is a stream of so many bytes: one that ends before is cut.
type exactly struct {
	r    io.Reader
	left int64
}

func (e *exactly) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n, err := e.r.Read(p[:min(int64(len(p)), e.left)])
	e.left -= int64(n)
	if errors.Is(err, io.EOF) && e.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// isText reports whether what a file begins with is text: without a zero, or of UTF-16 from the line on in which the
// first one is. What comes below may be written otherwise, as by a program that appended to it.
func isText(head []byte) bool {
	const enough = 64 // bytes that tell UTF-16
	before, _, zero := bytes.Cut(head, []byte{0})
	if !zero {
		return true
	}
	line := head[bytes.LastIndexByte(before, '\n')+1:]
	_, wide := unpack.WideOf(line[:min(len(line), enough)])
	return wide
}

// packer is the program that packed a file, of those whose files are not read.
func packer(head []byte) string {
	for magic, name := range map[string]string{"\xfd7zXZ\x00": "xz", "7z\xbc\xaf\x27\x1c": "7-Zip", "Rar!\x1a\x07": "RAR", "LZIP": "lzip", "\x04\x22\x4d\x18": "lz4"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return name
		}
	}
	return ""
}

// bounded is a stream that may not go on without end.
type bounded struct {
	r    io.Reader
	room int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.room <= 0 {
		return 0, errTooLong
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.room)])
	b.room -= int64(n)
	return n, err
}

// isCapture knows pcap, of microseconds and nanoseconds in either order, and pcapng, by their first
// four bytes (draft-ietf-opsawg-pcap, 4; draft-ietf-opsawg-pcapng, 4.1).
func isCapture(head []byte) bool {
	return slices.ContainsFunc([]string{"\xd4\xc3\xb2\xa1", "\xa1\xb2\xc3\xd4", "\x4d\x3c\xb2\xa1", "\xa1\xb2\x3c\x4d", "\x0a\x0d\x0d\x0a"},
		func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) })
}

// frames is what both forms of captures give.
type frames interface {
	ZeroCopyReadPacketData() ([]byte, gopacket.CaptureInfo, error)
}

// capture counts frames.
func capture(name string, in io.Reader) (p *Part) {
	p = &Part{Name: name, Kind: Capture}
	defer func() {
		if recover() != nil { // of the library, by a block that lies about its length
			p.Cut = append(p.Cut, fmt.Sprintf("it cannot be read beyond frame %d", p.Frames))
		}
	}()
	b := bufio.NewReader(in)
	head, _ := b.Peek(4)
	var from frames
	var err error
	if bytes.Equal(head, []byte("\x0a\x0d\x0d\x0a")) {
		from, err = pcapgo.NewNgReader(b, pcapgo.NgReaderOptions{})
	} else {
		from, err = pcapgo.NewReader(b)
	}
	for err == nil {
		var ci gopacket.CaptureInfo
		if _, ci, err = from.ZeroCopyReadPacketData(); err == nil {
			if p.Frames++; p.First.IsZero() {
				p.First = ci.Timestamp.UTC()
			}
			p.Last = ci.Timestamp.UTC()
		}
	}
	if !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		p.Cut = append(p.Cut, fmt.Sprintf("it cannot be read beyond frame %d: %v", p.Frames, err))
	}
	if p.Frames == 0 && len(p.Cut) == 0 {
		p.Cut = append(p.Cut, "it holds no frame")
	}
	p.Taken, p.From = p.Last, "the last frame"
	return p
}

// reported is the folder of one report of Open vSwitch's collector that a file is in, and the command that the file
// is the answer to: the collector names it after the command, with dashes for blanks (two become one) and % for /,
// and files of the machine after their paths. A log is known by its lines, and has no command here.
func reported(name string) (folder, command string) {
	parts := strings.Split(name, "/")
	at := slices.IndexFunc(parts, func(p string) bool { return strings.HasPrefix(p, "bug-report-") })
	if at < 0 || at == len(parts)-1 {
		return "", ""
	}
	folder, rest := strings.Join(parts[:at+1], "/"), parts[at+1:]
	switch base, isAnswer := strings.CutSuffix(rest[0], ".out"); {
	case len(rest) > 2 && rest[0] == "var" && rest[1] == "log":
		return folder, ""
	case len(rest) > 1:
		return folder, "cat /" + strings.Join(rest, "/")
	case isAnswer:
		return folder, spoken(base)
	default:
		return folder, rest[0]
	}
}

// spoken is the command that a file of a report is named after. Which dash was a blank is known of the programs whose
// own names have one, and a word of one letter was an option.
func spoken(label string) string {
	words := strings.Split(strings.ReplaceAll(label, "%", "/"), "-")
	if len(words) > 1 && slices.Contains([]string{"ovs", "ovsdb"}, words[0]) {
		words = append([]string{words[0] + "-" + words[1]}, words[2:]...)
	}
	if at := slices.Index(words, "dump"); at > 0 && at+1 < len(words) {
		words = slices.Replace(words, at, at+2, "dump-"+words[at+1])
	}
	if len(words) > 2 && words[0] == "ovs-appctl" {
		words = slices.Replace(words, 1, 3, words[1]+"/"+words[2])
	}
	for i, w := range words {
		if i > 0 && len(w) == 1 && (w[0] < '0' || w[0] > '9') {
			words[i] = "-" + w
		}
	}
	return strings.Join(words, " ")
}

// sameReport gives the files of a report the device that one of them names.
func (r *reading) sameReport() {
	device := map[string]string{}
	for _, p := range r.f.Parts {
		if folder, _ := reported(p.Name); folder != "" && p.Kind == SupportBundle && device[folder] == "" {
			device[folder] = p.Device
		}
	}
	for _, p := range r.f.Parts {
		if folder, _ := reported(p.Name); folder != "" && p.Device == "" {
			p.Device = device[folder]
		}
	}
}
