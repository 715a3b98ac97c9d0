package replay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// mostFile bounds a capture, in bytes: the file, and the frames in it, which may be packed.
const mostFile = 256 << 20

// read gives a capture's bytes.
func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("file: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	data, err := io.ReadAll(io.LimitReader(f, mostFile+1))
	if err == nil && len(data) > mostFile {
		err = fmt.Errorf("it has more than %d MiB", mostFile>>20)
	}
	if err != nil {
		return nil, fmt.Errorf("file %s: %w", path, err)
	}
	return data, nil
}

// packets is a reader of one of the two kinds of capture.
type packets interface {
	ReadPacketData() ([]byte, gopacket.CaptureInfo, error)
}

// frames reads a capture of Ethernet. One that breaks off is an error.
func frames(data []byte) (list []frame, err error) {
	var r packets
	var link layers.LinkType
	if bytes.HasPrefix(data, []byte{0x0a, 0x0d, 0x0d, 0x0a}) {
		ng, err := pcapgo.NewNgReader(bytes.NewReader(data), pcapgo.DefaultNgReaderOptions)
		if err != nil {
			return nil, fmt.Errorf("read capture: %w", err)
		}
		r, link = ng, ng.LinkType()
	} else {
		old, err := pcapgo.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("read capture: it is neither pcap nor pcapng: %w", err)
		}
		r, link = old, old.LinkType()
	}
	if link != layers.LinkTypeEthernet {
		return nil, fmt.Errorf("read capture: it is of link type %s, and only frames of Ethernet can be sent", link)
	}
	total := 0
	for {
		data, info, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) && info.CaptureLength == 0 {
			return list, nil
		}
		if errors.Is(err, io.EOF) { // of pcap, whose next frame has a head
			err = fmt.Errorf("one of %d bytes begins where the file ends: %w", info.CaptureLength, io.ErrUnexpectedEOF)
		}
		if err != nil {
			return nil, fmt.Errorf("read capture: behind frame %d: %w", len(list), err)
		}
		if total += len(data); total > mostFile {
			return nil, fmt.Errorf("read capture: its frames are more than %d MiB", mostFile>>20)
		}
		list = append(list, frame{at: info.Timestamp, data: data, size: info.Length})
	}
}
