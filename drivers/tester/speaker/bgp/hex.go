package bgp

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Hex is bytes that are written as hexadecimal digits, with spaces or colons between them where one likes.
type Hex []byte

// UnmarshalText reads the digits.
func (h *Hex) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(strings.NewReplacer(" ", "", ":", "", "\n", "").Replace(string(text)))
	if err != nil {
		return fmt.Errorf("read bytes %.40q: %w", text, err)
	}
	*h = b
	return nil
}

// UnmarshalYAML takes the digits as they are written, also where YAML would see a number.
func (h *Hex) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: bytes are written as hexadecimal digits", n.Line)
	}
	return h.UnmarshalText([]byte(n.Value))
}

// String writes the digits.
func (h Hex) String() string { return hex.EncodeToString(h) }

// MarshalText writes the digits.
func (h Hex) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// decode is n.Decode that refuses keys which v has not.
func decode(n *yaml.Node, v any) error {
	text, err := yaml.Marshal(n)
	if err != nil {
		return err
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	return d.Decode(v)
}
