package bgp

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/osrg/gobgp/v4/pkg/packet/bgp"
	"go.yaml.in/yaml/v4"
)

// Capability is one that a session offers (RFC 5492): by its name, or by its code and the bytes of its
// value as hexadecimal digits.
type Capability struct {
	Name  string
	Code  uint8
	Value Hex
}

// UnmarshalYAML reads a name, or a mapping {code: 70, value: ""}.
func (c *Capability) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return n.Decode(&c.Name)
	}
	var raw struct {
		Code  *uint8 `yaml:"code"`
		Value Hex    `yaml:"value"`
	}
	if err := decode(n, &raw); err != nil {
		return err
	}
	if raw.Code == nil {
		return errors.New("a capability without a name has a code")
	}
	c.Code, c.Value = *raw.Code, raw.Value
	return nil
}

// named are the capabilities that have names; add-path is not among them, since what comes is read
// without path identifiers.
func named(as uint32) map[string]bgp.ParameterCapabilityInterface {
	return map[string]bgp.ParameterCapabilityInterface{
		"route-refresh":          bgp.NewCapRouteRefresh(),
		"cisco-route-refresh":    bgp.NewCapRouteRefreshCisco(),
		"enhanced-route-refresh": bgp.NewCapEnhancedRouteRefresh(),
		"4-octet-as":             bgp.NewCapFourOctetASNumber(as),
		"extended-message":       bgp.NewCapExtendedMessage(),
		"graceful-restart":       bgp.NewCapGracefulRestart(false, false, 120, nil),
	}
}

func (c Capability) wire(as uint32) (bgp.ParameterCapabilityInterface, error) {
	if c.Name == "" {
		return bgp.NewCapUnknown(bgp.BGPCapabilityCode(c.Code), c.Value), nil
	}
	all := named(as)
	known, ok := all[c.Name]
	if !ok {
		return nil, fmt.Errorf("there is no capability %q: there are %s, and any other by {code: 70, value: \"\"}",
			c.Name, strings.Join(slices.Sorted(maps.Keys(all)), ", "))
	}
	return known, nil
}
