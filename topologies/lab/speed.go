package lab

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Speed of a port or cable in bits per second; 0 is not known. It is written as 100M, 1G,
// 2.5G or 25G.
type Speed uint64

// ParseSpeed reads 100M, 1G, 2.5G, 1T; "" is 0.
func ParseSpeed(s string) (Speed, error) {
	if s == "" {
		return 0, nil
	}
	unit := 0.0
	switch strings.ToUpper(s[len(s)-1:]) {
	case "M":
		unit = 1e6
	case "G":
		unit = 1e9
	case "T":
		unit = 1e12
	}
	f, err := strconv.ParseFloat(s[:len(s)-1], 64)
	if unit == 0 || err != nil || !(f > 0 && f < 10_000) || strings.ContainsAny(s, "eExXpP_+") {
		return 0, fmt.Errorf("%q is not a speed: write 100M, 1G, 2.5G, 25G", s)
	}
	return Speed(f*unit + 0.5), nil
}

// String gives the shortest form that ParseSpeed reads.
func (s Speed) String() string {
	unit, name := uint64(1e6), "M"
	switch {
	case s == 0:
		return ""
	case s >= 1e12:
		unit, name = 1e12, "T"
	case s >= 1e9:
		unit, name = 1e9, "G"
	}
	return strconv.FormatFloat(float64(s)/float64(unit), 'f', -1, 64) + name
}

// MarshalJSON writes the form people write.
func (s Speed) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// UnmarshalJSON reads what MarshalJSON writes.
func (s *Speed) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return fmt.Errorf("read speed: %w", err)
	}
	v, err := ParseSpeed(text)
	*s = v
	return err
}
