package labs

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/labpool"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// roster are workers of a core each, by name.
type roster []string

func (r roster) Workers() (list []fleet.Offer) {
	for i, name := range r {
		list = append(list, fleet.Offer{
			Name: name, Key: strings.Repeat(string(rune('A'+i)), 20), Slots: 1 + i%2, Cores: 1, Memory: 1 << 30, Version: "v1",
			Providers: []string{cli.ProviderNamespaces}, Kinds: []string{"container"}, Images: map[string]string{"a": "sha256:a"}, Abilities: map[string]string{fleet.AbilityParts: ""},
		})
	}
	return list
}

func (roster) Lacking(fleet.Needs) ([]fleet.Refusal, bool) { return nil, true }

// changing is a roster whose workers are others as time goes on.
type changing struct {
	roster
	now    *when
	change func(now when, list []fleet.Offer) []fleet.Offer
}

// when is how far a claim is.
type when int

const (
	checking when = iota // nothing is claimed yet
	claiming
	waited // it was told why it waits
)

func (c *changing) Workers() []fleet.Offer { return c.change(*c.now, c.roster.Workers()) }

// without leaves a worker out.
func without(list []fleet.Offer, name string) []fleet.Offer {
	return slices.DeleteFunc(list, func(o fleet.Offer) bool { return o.Name == name })
}

// silent has a worker say nothing.
func silent(list []fleet.Offer, name string) []fleet.Offer {
	for i := range list {
		list[i].Silent = list[i].Silent || list[i].Name == name
	}
	return list
}

// doors are what is claimed of workers: who is busy says so until it was asked for so often.
type doors struct {
	mu   sync.Mutex
	busy map[string]int // by the first letter of a key
	open map[string]int // connections, likewise
	fail string
}

type doorConn struct {
	net.Conn
	close func()
}

func (c *doorConn) Close() error {
	c.close()
	return nil
}

func (d *doors) claim(_ context.Context, key string) (net.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	k := key[:1]
	switch {
	case d.fail == k:
		return nil, errors.New("connection refused")
	case d.busy[k] > 0:
		d.busy[k]--
		return nil, fleet.ErrBusy
	}
	d.open[k]++
	return &doorConn{close: func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.open[k]--
	}}, nil
}

// pair is a lab of two nodes, each of which takes a worker's core.
func pair(places ...string) topologies.Topology {
	t := topologies.Topology{Links: []topologies.Link{{A: topologies.Endpoint{Node: "r1", Interface: "eth1"}, B: topologies.Endpoint{Node: "r2", Interface: "eth1"}}}}
	for i, name := range []string{"r1", "r2"} {
		t.Nodes = append(t.Nodes, topologies.Node{Name: name, Image: "a", CPU: 1, Placement: places[i]})
	}
	return t
}

// TestClaimAll: a lab gets all of its hosts or none: others where one is busy and others do, and else it waits, says so once,
// and keeps nothing meanwhile.
func TestClaimAll(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		places []string
		busy   map[string]int
		fail   string
		change func(now when, list []fleet.Offer) []fleet.Offer
		short  bool // the patience with hosts
		cancel bool
		want   map[string]int // what is open in the end
		said   []string
		err    string
	}{
		{name: "free", places: []string{"left", "right"}, want: map[string]int{"A": 1, "B": 1}},
		{name: "another is free", places: []string{"left", "auto"}, busy: map[string]int{"B": 1000}, want: map[string]int{"A": 1, "C": 1}},
		{
			name: "waits", places: []string{"left", "right"}, busy: map[string]int{"B": 2}, want: map[string]int{"A": 1, "B": 1},
			said: []string{"waiting for right: all labs there are in use"},
		},
		{
			name: "waits in vain", places: []string{"left", "right"}, busy: map[string]int{"B": 1000}, cancel: true,
			said: []string{"waiting for right: all labs there are in use"}, err: "claim hosts: right: all its labs are in use",
		},
		{name: "another is reached", places: []string{"left", "auto"}, fail: "B", want: map[string]int{"A": 1, "C": 1}},
		{
			name: "not reached", places: []string{"left", "right"}, fail: "B", cancel: true,
			said: []string{"waiting for right: connection refused"}, err: "claim hosts: right: connection refused",
		},
		{
			name: "another is heard of", places: []string{"left", "auto"}, want: map[string]int{"A": 1, "C": 1},
			change: func(_ when, list []fleet.Offer) []fleet.Offer { return silent(list, "right") },
		},
		{
			name: "not heard of for a while", places: []string{"left", "right"}, want: map[string]int{"A": 1, "B": 1}, said: []string{"waiting for right: it is not heard of"},
			change: func(now when, list []fleet.Offer) []fleet.Offer {
				if now == waited {
					return list
				}
				return silent(list, "right")
			},
		},
		{
			name: "gone for a while", places: []string{"left", "right"}, want: map[string]int{"A": 1, "B": 1}, said: []string{"waiting for right: it is in the fleet no more"},
			change: func(now when, list []fleet.Offer) []fleet.Offer {
				if now != claiming {
					return list
				}
				return without(list, "right")
			},
		},
		{
			name: "all are gone, and stay away", places: []string{"left", "auto"}, short: true, err: "host for the lab is missing; after 1ns there is still none: left: it is in the fleet no more",
			said: []string{"waiting for left: it is in the fleet no more"},
			change: func(now when, list []fleet.Offer) []fleet.Offer {
				if now == checking {
					return list
				}
				return nil
			},
		},
		{
			name: "it has left", places: []string{"left", "right"}, err: `"right", on which node r2 is placed`,
			change: func(now when, list []fleet.Offer) []fleet.Offer {
				for i := range list {
					list[i].Draining = list[i].Name == "right"
				}
				if now == checking {
					return list
				}
				return without(list, "right")
			},
		},
		{name: "not there", places: []string{"left", "east"}, err: `"east", on which node r2 is placed`},
		{name: "no room", places: []string{"left", "left"}, err: "the nodes use 2 places, 2.00 cores"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := &doors{busy: tt.busy, open: map[string]int{}, fail: tt.fail}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var said []string
			now := checking
			workers := roster{"left", "right", "third"}
			o := &overHosts{
				Provider: &labpool.Provider{Roster: workers, Options: labpool.Options{Version: "v1"}}, claim: d.claim,
				say: func(line string) {
					said, now = append(said, line), waited
					if tt.cancel {
						cancel()
					}
				},
			}
			if tt.change != nil {
				o.Roster = &changing{roster: workers, now: &now, change: tt.change}
				if err := o.Check(t.Context(), pair("auto", "auto")); err != nil { // as of a plan
					t.Fatal(err)
				}
			}
			if tt.short {
				o.patience = 1
			}
			now = claiming
			placed, conns, err := o.claimAll(ctx, pair(tt.places...))
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Fatalf("%v, want %q", err, tt.err)
			}
			open := map[string]int{}
			for k, n := range d.open {
				if n != 0 {
					open[k] = n
				}
			}
			want := tt.want
			if want == nil {
				want = map[string]int{}
			}
			if diff := cmp.Diff(want, open); diff != "" || len(conns) != len(open) {
				t.Errorf("claimed (-want +got):\n%s", diff)
			}
			if len(tt.said) > 0 && tt.want != nil && !tt.cancel && (len(said) == 0 || !strings.HasPrefix(said[len(said)-1], "the hosts are there after ")) {
				t.Errorf("the end of the wait is not told: %q", said)
			} else if len(tt.said) > 0 && err == nil {
				said = said[:len(said)-1]
			}
			if !slices.EqualFunc(said, tt.said, strings.HasPrefix) {
				t.Errorf("said %q", said)
			}
			if err == nil && (placed.Host["r1"] != "left" || len(placed.Cut) != 1) {
				t.Errorf("placed: %+v", placed)
			}
			if tt.err == "claim hosts: right: all its labs are in use" && !errors.Is(err, fleet.ErrBusy) {
				t.Errorf("%v is not about a busy worker", err)
			}
		})
	}
}

// TestPlace: what workers lack is said by node, a lab has as many places as there are slots, and two workers of one name are two.
func TestPlace(t *testing.T) {
	t.Parallel()
	o := &overHosts{Provider: &labpool.Provider{Roster: roster{"left", "right", "third", "left"}, Options: labpool.Options{Version: "v1"}}}
	// Slots are 1, 2, 1 and 2; each lab takes one of two workers.
	if n := o.Slots(t.Context(), pair("auto", "auto")); n != 3 {
		t.Errorf("there is room for %d", n)
	}
	if n := o.Slots(t.Context(), pair("left/AAAAAAAA", "auto")); n != 1 {
		t.Errorf("with a node on left there is room for %d", n)
	}
	host, between, err := o.Place(t.Context(), pair("left/AAAAAAAA", "left/DDDDDDDD"))
	if err != nil || host["r2"] != "left/DDDDDDDD" || len(between) != 1 {
		t.Errorf("%v, %v, %v", host, between, err)
	}
	for name, change := range map[string]func(n *topologies.Node){
		"node r1: image b is missing; neither this machine nor a worker": func(n *topologies.Node) { n.Image = "b" },
		"no worker builds a part of a lab with folder of this machine ":  func(n *topologies.Node) { n.Binds = []string{"/etc:/host"} },
	} {
		lab := pair("left/AAAAAAAA", "auto")
		change(&lab.Nodes[0])
		err := o.Check(t.Context(), lab)
		if _, missing := errors.AsType[*topologies.MissingError](err); !missing || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %q", err, name)
		}
	}
	o.Describe = func(_ context.Context, ref string) (topologies.ImageInfo, error) {
		return topologies.ImageInfo{Ref: ref, Digest: "sha256:" + strings.TrimPrefix(ref, "sha256:")}, nil
	}
	sent := pair("left/AAAAAAAA", "auto")
	sent.Nodes[0].Image = "b"
	if err := o.Check(t.Context(), sent); err != nil {
		t.Errorf("an image that is here and that no worker has is sent: %v", err)
	}
	if err := o.Check(t.Context(), pair("left", "auto")); err == nil || !strings.Contains(err.Error(), "node r1 is placed on left, and several workers are called so: say left/AAAAAAAA or left/DDDDDDDD") {
		t.Errorf("a name that two have: %v", err)
	}
	o.Version = "v2"
	if err := o.Check(t.Context(), pair("right", "auto")); err == nil || !strings.Contains(err.Error(), "it runs version v1 of the program, and whoever gives the trials v2") {
		t.Errorf("%v", err)
	}
	o.Roster = roster{}
	if err := o.Check(t.Context(), pair("left", "auto")); err == nil || !strings.Contains(err.Error(), "no worker is in the fleet") {
		t.Errorf("%v", err)
	}
}

// TestImagesStay: all labs of a run are of the digests that its first one was, also when a name comes to mean another image; one
// whose digest nobody knows is refused, for any image of that name would do.
func TestImagesStay(t *testing.T) {
	t.Parallel()
	now := map[string]string{"a": "sha256:a"}
	o := &overHosts{Provider: &labpool.Provider{Roster: roster{"left", "right"}, Options: labpool.Options{Version: "v1"}}}
	o.Describe = func(_ context.Context, ref string) (topologies.ImageInfo, error) {
		if digest, there := now[ref]; there {
			return topologies.ImageInfo{Ref: ref, Digest: digest}, nil
		}
		return topologies.ImageInfo{}, &topologies.MissingError{What: "image", Name: ref}
	}
	lab := pair("left", "right")
	info, err := o.DescribeImage(t.Context(), "a") // as run.json has it
	if err != nil {
		t.Fatal(err)
	}
	now["a"] = "sha256:built-anew"
	images, err := o.images(t.Context(), lab)
	if err != nil || images["a"].Digest != info.Digest {
		t.Errorf("a lab is built of %+v, and run.json has %s: %v", images["a"], info.Digest, err)
	}
	if images["a"].Source != "" {
		t.Error("the image that the name means now would be sent")
	}
	for name, unknown := range map[string]string{"no digest": "", "no image": "none"} {
		lab.Nodes[1].Image = "b" + unknown
		if unknown == "" {
			now["b"] = ""
		}
		if err := o.Check(t.Context(), lab); err == nil || !strings.Contains(err.Error(), "node r2: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAsked: what a scenario asks for of the machine has to be trusted by the host of the node that it is for, or by all.
func TestAsked(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		token string
		want  []string
	}{
		{"sysctls.r1", []string{"no host can build node r1: host left: it was not told to trust the scenarios of others with sysctls.r1"}},
		{"size", []string{"node r1: host left: it was not told to trust", "node r2: host right: it was not told to trust"}},
	} {
		o := &overHosts{Provider: &labpool.Provider{Roster: roster{"left", "right"}, Options: labpool.Options{Version: "v1"}}}
		o.Ask([]scenarios.Ask{{Token: tt.token}})
		err := o.Check(t.Context(), pair("left", "right"))
		for _, want := range tt.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", tt.token, err, want)
			}
		}
		if tt.token != "size" && err != nil && strings.Contains(err.Error(), "node r2") {
			t.Errorf("%s: %v", tt.token, err)
		}
	}
}

// TestLeave: a lab is left for another where a host of it drains whose part others can take, and where its own hosts say so; a host
// that a node was placed on is kept to the end.
func TestLeave(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		places []string
		drains string
		busy   string // a worker whose slots are all taken
		silent string
		broken string
		want   string
	}{
		{name: "none drains", places: []string{"left", "auto"}},
		{name: "it drains", places: []string{"left", "auto"}, drains: "right", want: "right drains, and others take its part"},
		{name: "it drains, and the others are busy", places: []string{"left", "auto"}, drains: "right", busy: "third"},
		{name: "it drains, and the others say nothing", places: []string{"left", "auto"}, drains: "right", silent: "third"},
		{name: "it drains, and what stays is busy with this", places: []string{"left", "auto"}, drains: "right", busy: "left", want: "right drains, and others take its part"},
		{name: "another one drains", places: []string{"left", "auto"}, drains: "third"},
		{name: "it is asked for", places: []string{"left", "right"}, drains: "right"},
		{name: "it is gone", places: []string{"left", "right"}, broken: "host right: it is gone", want: "host right: it is gone"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := &overHosts{Provider: &labpool.Provider{Options: labpool.Options{Version: "v1"}}}
			now := claiming
			o.Roster = &changing{roster: roster{"left", "right", "third"}, now: &now, change: func(_ when, list []fleet.Offer) []fleet.Offer {
				for i := range list {
					list[i].Draining = list[i].Name == tt.drains
					if list[i].Name == tt.busy {
						list[i].Busy = list[i].Slots
					}
				}
				return silent(list, tt.silent)
			}}
			l := &onHosts{Reservation: standing{why: tt.broken}, by: o, topology: pair(tt.places...), hosts: []string{"left", "right"}}
			if got := l.Leave(t.Context()); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// TestMakeRoom: who waits for a lab of this process in which nothing goes on is given its room, and no lab is taken down for what
// others hold.
func TestMakeRoom(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		labs   [][]string // hosts of the labs that are up
		used   []int      // of these, in which something goes on
		held   string     // a host whose slot is somebody else's
		places []string
		down   []int // the labs that were taken down, in their order
		said   int
	}{
		{name: "of the other side", labs: [][]string{{"left", "right"}}, places: []string{"left", "right"}, down: []int{0}, said: 1},
		{name: "one host is enough", labs: [][]string{{"right"}, {"left"}}, places: []string{"left", "auto"}, down: []int{1}, said: 1},
		{name: "two of them", labs: [][]string{{"left"}, {"right"}}, places: []string{"left", "right"}, down: []int{0, 1}, said: 2},
		{name: "others hold the rest", labs: [][]string{{"left"}}, held: "right", places: []string{"left", "right"}},
		{name: "in use", labs: [][]string{{"left", "right"}}, used: []int{0}, places: []string{"left", "right"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			taken := map[string]bool{} // by the first letter of a key
			letter := map[string]string{"left": "A", "right": "B"}
			if tt.held != "" {
				taken[letter[tt.held]] = true
			}
			var said []string
			o := &overHosts{
				Provider: &labpool.Provider{Roster: roster{"left", "right", "third"}, Options: labpool.Options{Version: "v1"}},
				claim: func(_ context.Context, key string) (net.Conn, error) {
					if taken[key[:1]] {
						return nil, fleet.ErrBusy
					}
					return &doorConn{close: func() {}}, nil
				},
				say: func(line string) {
					said = append(said, line)
					if strings.HasPrefix(line, "waiting for ") {
						cancel()
					}
				},
			}
			var down []int
			for i, hosts := range tt.labs {
				l := &onHosts{Reservation: standing{}, by: o, hosts: hosts}
				o.labs = append(o.labs, l)
				for _, h := range hosts {
					taken[letter[h]] = true
				}
				l.YieldBy(func(ctx context.Context) (bool, error) {
					if slices.Contains(tt.used, i) {
						return false, nil
					}
					down = append(down, i)
					for _, h := range hosts {
						taken[letter[h]] = false
					}
					return true, l.Release(ctx)
				})
			}
			_, _, err := o.claimAll(ctx, pair(tt.places...))
			if (err == nil) != (len(tt.down) > 0) || !slices.Equal(down, tt.down) || len(o.labs) != len(tt.labs)-len(tt.down) {
				t.Errorf("%v; taken down: %v, want %v; %d are left", err, down, tt.down, len(o.labs))
			}
			if told := len(slices.DeleteFunc(said, func(line string) bool { return !strings.Contains(line, "made room for another") })); told != tt.said {
				t.Errorf("said %d times: %q", told, said)
			}
		})
	}
}

// standing is a lab that says why it is to be left.
type standing struct {
	topologies.Reservation
	why string
}

func (s standing) Leave(context.Context) string { return s.why }

func (standing) Release(context.Context) error { return nil }
