package diagram_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/diagram"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func nodes(n int) []evidence.NodeInfo {
	var out []evidence.NodeInfo
	for i := range n {
		out = append(out, evidence.NodeInfo{Name: fmt.Sprintf("sw%d", i+1), Platform: "frr", Image: "reprise/frr:8.4.4"})
	}
	out[0].Role = "dut"
	return out
}

func ring(n int) []evidence.LinkInfo {
	var out []evidence.LinkInfo
	for i := range n {
		out = append(out, evidence.LinkInfo{A: fmt.Sprintf("sw%d:eth1", i+1), B: fmt.Sprintf("sw%d:eth2", (i+1)%n+1)})
	}
	return out
}

func mesh(n int) []evidence.LinkInfo {
	var out []evidence.LinkInfo
	for i := 1; i <= n; i++ {
		for j := i + 1; j <= n; j++ {
			out = append(out, evidence.LinkInfo{A: fmt.Sprintf("sw%d:1:%d", i, j), B: fmt.Sprintf("sw%d:1:%d", j, i)})
		}
	}
	return out
}

func star(n int) []evidence.LinkInfo {
	var out []evidence.LinkInfo
	for i := 2; i <= n; i++ {
		out = append(out, evidence.LinkInfo{A: fmt.Sprintf("sw1:eth%d", i), B: fmt.Sprintf("sw%d:eth1", i)})
	}
	return out
}

func TestGolden(t *testing.T) {
	segment := append(nodes(3), evidence.NodeInfo{Name: "lan", Kind: "bridge", Segment: true})
	for _, tt := range []struct {
		name  string
		nodes []evidence.NodeInfo
		links []evidence.LinkInfo
	}{
		{"one", nodes(1), nil},
		{"two-parallel", nodes(2), []evidence.LinkInfo{{A: "sw1:eth1", B: "sw2:eth1"}, {A: "sw2:eth2", B: "sw1:eth2", MTU: 1400}}},
		{"three-segment", segment, []evidence.LinkInfo{{A: "sw1:eth1", B: "lan:p1"}, {A: "sw2:eth1", B: "lan:p2"}, {A: "sw3:eth1", B: "lan:p3"}}},
		{"ring-20", nodes(20), ring(20)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			svg := diagram.SVG(tt.nodes, tt.links)
			reportstest.Golden(t, tt.name+".svg", svg, *update)
			if !bytes.Equal(svg, diagram.SVG(tt.nodes, tt.links)) {
				t.Error("a second drawing differs")
			}
		})
	}
}

// rect is a node's box as drawn.
type rect struct{ x, y, w, h float64 }

// read checks that the drawing is XML, and gives its boxes and its size.
func read(t *testing.T, svg []byte) (boxes []rect, size rect) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return boxes, size
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		e, ok := token.(xml.StartElement)
		if !ok || e.Name.Local != "rect" && e.Name.Local != "svg" {
			continue
		}
		var r rect
		for _, a := range e.Attr {
			if into := map[string]*float64{"x": &r.x, "y": &r.y, "width": &r.w, "height": &r.h}[a.Name.Local]; into != nil {
				if _, err := fmt.Sscan(a.Value, into); err != nil {
					t.Fatalf("%s = %q: %v", a.Name.Local, a.Value, err)
				}
			}
		}
		if e.Name.Local == "svg" {
			size = r
			continue
		}
		boxes = append(boxes, r)
	}
}

func TestBoxesHaveRoom(t *testing.T) {
	for n := 1; n <= 40; n++ {
		for name, links := range map[string][]evidence.LinkInfo{"ring": ring(n), "star": star(n), "mesh": mesh(min(n, 12)), "none": nil} {
			boxes, size := read(t, diagram.SVG(nodes(n), links))
			if len(boxes) != n {
				t.Fatalf("%s of %d: %d boxes", name, n, len(boxes))
			}
			for i, a := range boxes {
				if a.x < 0 || a.y < 0 || a.x+a.w > size.w || a.y+a.h > size.h {
					t.Errorf("%s of %d: box %d leaves the drawing", name, n, i)
				}
				for j, b := range boxes[:i] {
					if math.Abs(a.x-b.x) < a.w+8 && math.Abs(a.y-b.y) < a.h+8 {
						t.Errorf("%s of %d: boxes %d and %d touch", name, n, i, j)
					}
				}
			}
		}
	}
}

func TestHostile(t *testing.T) {
	n := []evidence.NodeInfo{{Name: "<script>x</script>\x00\x1b[31m", Platform: "\"><svg onload=x>"}}
	svg := diagram.SVG(n, []evidence.LinkInfo{{A: "</svg>:<a>", B: "nobody:'\"&"}, {A: "self:1", B: "self:2"}})
	boxes, _ := read(t, svg)
	if len(boxes) != 4 {
		t.Errorf("%d boxes; want one for each name that a link uses", len(boxes))
	}
	for _, bad := range []string{"<script", "onload=x>", "\x00", "\x1b"} {
		if strings.Contains(string(svg), bad) {
			t.Errorf("the drawing holds %q", bad)
		}
	}
}

func TestNoTopology(t *testing.T) {
	if boxes, _ := read(t, diagram.SVG(nil, nil)); len(boxes) != 0 {
		t.Errorf("%d boxes of nothing", len(boxes))
	}
}
