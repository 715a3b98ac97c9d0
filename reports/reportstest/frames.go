package reportstest

import (
	"encoding/json"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// Frames is a run whose symptom looks at frames, of which one says what no page should obey.
func Frames(tb testing.TB) string {
	tb.Helper()
	first, last, gap, rate := 0.004, 9.5, 3.25, 12.5
	f := evidence.Frames{
		At: "r2:eth1", Filter: "ip proto 89", Direction: "in", File: "captures/r2-eth1.pcapng", FrameWindow: evidence.FrameWindow{Began: Began(), Delivered: 130},
		Count: 125, Bytes: 9000, First: &first, Last: &last, Gap: &gap, Rate: &rate, Silence: 0.5,
	}
	for i := range 20 {
		f.Newest = append(f.Newest, evidence.Frame{
			Number: 111 + i, Time: float64(i) / 2, Direction: "in", Length: 78, Summary: "OSPF hello v2 router 1.1.1.1 area 0.0.0.0 fe80::ae:1cff:fe7b:1d0a → ff02::5",
		})
	}
	last20 := &f.Newest[19]
	last20.Kind, last20.Message = "ospf", "hello"
	last20.Layout = []evidence.FrameField{
		{Name: "Version #", Bits: 8, Value: "2"},
		{Name: "Type", Bits: 8, Value: "1 hello"},
		{Name: "Packet length", Bits: 16, Value: "48"},
		{Name: "Router ID", Bits: 32, Value: "1.1.1.1"},
		{Name: "Area ID", Bits: 32, Value: "0.0.0.0"},
		{Name: "Checksum", Bits: 16, Value: "0xe3a7"},
		{Name: "AuType", Bits: 16, Value: "0"},
		{Name: "Authentication", Bits: 64, Value: "not shown"},
		{Name: "Network Mask", Bits: 32, Value: "255.255.255.0"},
		{Name: "HelloInterval", Bits: 16, Value: "10"},
		{Name: "Options", Bits: 8, Value: "0x02"},
		{Name: "Rtr Pri", Bits: 8, Value: "1"},
		{Name: "RouterDeadInterval", Bits: 32, Value: "40"},
		{Name: "Designated Router", Bits: 32, Value: "10.0.0.2"},
		{Name: "Backup Designated Router", Bits: 32, Value: "10.0.0.1"},
		{Name: "<img src=x>", Bits: 32, Value: ""},
	}
	f.Newest[3].Summary = "<img src=x onerror=alert(1)> | [x](javascript:alert(1))"
	text, err := json.Marshal(f)
	must(tb, err)
	return Make(tb, Info("20260301T151500Z-frames-6b7c", 1), Trial{Verdict: evidence.Reproduced, Text: string(text), Probe: evidence.ProbeFrame})
}
