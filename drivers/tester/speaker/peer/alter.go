package peer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/message"
)

// vocabulary is what there is to alter in what a protocol says.
type vocabulary struct {
	kinds    []string
	layers   []string // what they travel in beside the frame
	length   bool     // the message has one
	checksum []string // kinds whose message has one
}

// vocabularyOf is that of a protocol's sessions.
func vocabularyOf(protocol string) vocabulary {
	switch protocol {
	case "bfd":
		return vocabulary{kinds: []string{"bfd"}, layers: []string{"udp", "ip"}, length: true}
	case "dhcp":
		return vocabulary{kinds: []string{"discover", "offer", "request", "decline", "ack", "nak", "release", "inform"}, layers: []string{"udp", "ip"}}
	case "igmp":
		kinds := []string{"query", "report", "leave"}
		return vocabulary{kinds: kinds, layers: []string{"ip"}, checksum: kinds}
	case "isis":
		return vocabulary{kinds: []string{"hello", "lsp", "csnp", "psnp"}, length: true, checksum: []string{"lsp"}}
	case "ospf":
		kinds := []string{"hello", "dd", "request", "update", "ack"}
		return vocabulary{kinds: kinds, layers: []string{"ip"}, length: true, checksum: kinds}
	case "vrrp":
		return vocabulary{kinds: []string{"vrrp"}, layers: []string{"ip"}, checksum: []string{"vrrp"}}
	}
	return vocabulary{kinds: []string{protocol}}
}

// takes says what of an alteration no message of the protocol has.
func (v *vocabulary) takes(a *message.Alter) error {
	of := a.Of
	if len(of) == 0 {
		of = v.kinds
	}
	for _, kind := range of {
		if !slices.Contains(v.kinds, kind) {
			return fmt.Errorf("of: there is no %q in this session: there are %s", kind, strings.Join(v.kinds, ", "))
		}
	}
	whole := append([]string{"message"}, v.layers...)
	inMessage := a.Layer == "" || a.Layer == "message"
	switch {
	case !inMessage && a.Layer != "frame" && !slices.Contains(whole, a.Layer):
		return fmt.Errorf("layer: there is no %s in this session: there are %s and frame", a.Layer, strings.Join(whole, ", "))
	case a.Length != nil && (a.Layer == "frame" || inMessage && !v.length):
		return errors.New("length: this layer has none")
	case a.Checksum == "":
	case a.Layer == "frame" || inMessage && len(v.checksum) == 0:
		return errors.New("checksum: this layer has none")
	case inMessage:
		for _, kind := range of {
			if !slices.Contains(v.checksum, kind) {
				return fmt.Errorf("checksum: %s has none: name those that have one, of: [%s]", kind, strings.Join(v.checksum, ", "))
			}
		}
	}
	return nil
}
