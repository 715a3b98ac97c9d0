package frames

import (
	"errors"
	"fmt"
	"io"

	"github.com/gopacket/gopacket/pcapgo"

	"github.com/reprise-lab/reprise/topologies"
)

// Read tells each of the frames of a pcapng file, in their order, and gives how many the file says that
// the kernel lost; the data of a frame is the reader's again when each returns. An error of each ends
// the reading. A file that is cut off, or is none, is an error, after the frames that are whole.
func Read(r io.Reader, each func(topologies.Frame) error) (lost uint64, err error) {
	ng, err := pcapgo.NewNgReader(r, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		return 0, fmt.Errorf("read a capture: %w", noEnd(err))
	}
	for {
		data, info, options, err := ng.ZeroCopyReadPacketDataWithOptions()
		switch {
		case errors.Is(err, io.EOF):
			return dropped(ng), nil
		case err != nil:
			return dropped(ng), fmt.Errorf("read a capture: %w", err)
		}
		if err := each(topologies.Frame{At: info.Timestamp, Way: wayOf(options), Length: info.Length, Data: data}); err != nil {
			return dropped(ng), err
		}
	}
}

// noEnd makes the end of a file that has not begun an error.
func noEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func wayOf(o pcapgo.NgPacketOptions) topologies.Way {
	if o.Flags == nil {
		return ""
	}
	switch o.Flags.Direction {
	case pcapgo.NgEpbFlagDirectionInbound:
		return topologies.WayIn
	case pcapgo.NgEpbFlagDirectionOutbound:
		return topologies.WayOut
	default:
		return ""
	}
}

func dropped(ng *pcapgo.NgReader) (lost uint64) {
	for i := range ng.NInterfaces() {
		if one, err := ng.Interface(i); err == nil && one.Statistics.PacketsDropped != pcapgo.NgNoValue64 {
			lost += one.Statistics.PacketsDropped
		}
	}
	return lost
}
