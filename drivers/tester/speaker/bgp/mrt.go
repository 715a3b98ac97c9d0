package bgp

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"

	"github.com/osrg/gobgp/v4/pkg/packet/bgp"
	"github.com/osrg/gobgp/v4/pkg/packet/mrt"
)

// mostRecord bounds one record of a table: a route with the paths of every peer of a collector.
const mostRecord = 16 << 20

// errEnough ends the reading of a table.
var errEnough = errors.New("enough")

// table reads the routes of an MRT file, each with the first of its paths, as batches of equal attributes
// in the order of the file.
func (a *Announcement) table() (list []*batch, err error) {
	f, err := os.Open(a.MRT)
	if err != nil {
		return nil, fmt.Errorf("mrt: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	within := map[string]*batch{}
	taken := 0
	err = records(f, func(h *mrt.MRTHeader, body []byte) error {
		if h.Type != mrt.TABLE_DUMPv2 || !slices.Contains([]mrt.MRTSubTypeTableDumpv2{mrt.RIB_IPV4_UNICAST, mrt.RIB_IPV6_UNICAST}, mrt.MRTSubTypeTableDumpv2(h.SubType)) {
			return nil
		}
		m, err := mrt.ParseBody(body, h)
		if err != nil {
			return err
		}
		rib, ok := m.Body.(*mrt.Rib)
		if !ok || len(rib.Entries) == 0 {
			return nil
		}
		p, err := netip.ParsePrefix(rib.Prefix.String())
		if err != nil {
			return fmt.Errorf("read route %s: %w", rib.Prefix, err)
		}
		if a.From.IsValid() && (p.Bits() < a.From.Bits() || !a.From.Contains(p.Addr())) {
			return nil
		}
		b, key, err := a.entry(rib.Entries[0])
		if err != nil {
			return fmt.Errorf("route %s: %w", p, err)
		}
		if have, ok := within[key]; ok {
			b = have
		} else {
			within[key] = b
			list = append(list, b)
		}
		b.prefixes = append(b.prefixes, p)
		if taken++; taken == a.Count || taken == mostRoutes {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, fmt.Errorf("mrt: read %s: %w", a.MRT, err)
	}
	if taken == 0 {
		return nil, fmt.Errorf("mrt: %s has no routes of a table (TABLE_DUMP_V2) for this", a.MRT)
	}
	return list, nil
}

// entry is a batch with the attributes of a table's entry, and what makes it equal to another. What
// the announcement names itself takes the place of the table's.
func (a *Announcement) entry(e *mrt.RibEntry) (*batch, string, error) {
	own, err := a.own()
	if err != nil {
		return nil, "", err
	}
	if a.Origin == "" {
		own = own[1:]
	}
	b := &batch{from: a, table: true, attrs: own}
	var key bytes.Buffer
	for _, x := range e.PathAttributes {
		data, err := x.Serialize()
		if err != nil {
			return nil, "", fmt.Errorf("write attribute %s: %w", x.GetType(), err)
		}
		switch t := x.(type) {
		case *bgp.PathAttributeNextHop, *bgp.PathAttributeMpReachNLRI, *bgp.PathAttributeLocalPref:
			continue // the session's own
		case *bgp.PathAttributeAsPath:
			for i, s := range t.Value {
				if i == 0 && s.GetType() == bgp.BGP_ASPATH_ATTR_TYPE_SEQ {
					b.path = s.GetAS()
				} else {
					b.sets = append(b.sets, s)
				}
			}
		default:
			if !slices.ContainsFunc(own, func(o bgp.PathAttributeInterface) bool { return o.GetType() == x.GetType() }) {
				b.attrs = append(b.attrs, x)
			}
		}
		key.Write(data)
	}
	return b, key.String(), nil
}

// records reads an MRT file record by record (RFC 6396 section 2). One that breaks off is an error.
func records(file io.Reader, each func(*mrt.MRTHeader, []byte) error) error {
	in := bufio.NewReaderSize(file, 1<<16)
	switch magic, _ := in.Peek(3); {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(in)
		if err != nil {
			return err
		}
		in = bufio.NewReader(z)
	case bytes.Equal(magic, []byte("BZh")):
		in = bufio.NewReader(bzip2.NewReader(in))
	}
	head := make([]byte, mrt.MRT_COMMON_HEADER_LEN)
	for {
		if _, err := io.ReadFull(in, head); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if n := binary.BigEndian.Uint32(head[8:]); n > mostRecord {
			return fmt.Errorf("a record of %d bytes: this is no MRT file, or it is damaged", n)
		}
		// A record with more precise times has them in its body: GoBGP's reader of heads wants more bytes then.
		h := &mrt.MRTHeader{
			Timestamp: binary.BigEndian.Uint32(head), Type: mrt.MRTType(binary.BigEndian.Uint16(head[4:])),
			SubType: binary.BigEndian.Uint16(head[6:]), Len: binary.BigEndian.Uint32(head[8:]),
		}
		body := make([]byte, h.Len)
		if _, err := io.ReadFull(in, body); err != nil {
			return fmt.Errorf("a record breaks off: %w", err)
		}
		if err := each(h, body); err != nil {
			return err
		}
	}
}
