package namespaces

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/doctor"
	"github.com/reprise-lab/reprise/topologies/images/store"
	"github.com/reprise-lab/reprise/topologies/namespaces/cgroups"
	"github.com/reprise-lab/reprise/topologies/userns"
)

// probeTimeout bounds the look at what the kernel allows.
const probeTimeout = 10 * time.Second

// Probe looks whether labs of namespaces can be built here, by starting one without nodes: they can
// where all of it is well.
func Probe(ctx context.Context) []doctor.Check {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	m, err := userns.Find()
	return doctor.Tidy([]doctor.Check{spacesCheck(ctx, m, err), idsCheck(m, err), imagesCheck()})
}

// ProbeMore looks at what labs of namespaces are better with, and are built without.
func ProbeMore() []doctor.Check { return doctor.Tidy([]doctor.Check{portsCheck(), groupsCheck()}) }

// spacesCheck tries what the supervisor of a lab does.
func spacesCheck(ctx context.Context, m userns.Mapping, err error) doctor.Check {
	c := doctor.Check{Name: "user namespaces", Optional: true, Lost: "labs without an engine and without root (--provider namespaces)"}
	if err == nil {
		err = try(ctx, m)
	}
	reason, allow := userns.Forbidden()
	switch {
	case err == nil:
		c.OK, c.Detail = true, "allowed"
	case reason != "":
		c.Detail, c.Fix = reason, allow
	default:
		c.Detail = err.Error()
		c.Fix = "in a container: its /proc and /sys must not be masked (docker run --security-opt systempaths=unconfined --security-opt seccomp=unconfined)"
	}
	return c
}

// ProbeOthers tells what is in the way of labs of namespaces of ordinary users, where root asks.
func ProbeOthers() []doctor.Check {
	h := userns.ThisHost()
	if h.UID != 0 {
		return nil
	}
	c := doctor.Check{Name: "user namespaces of users", Optional: true, OK: true, Detail: "nothing that is known forbids them", Lost: "labs without root"}
	for _, r := range h.ForUsers().Refusals() {
		if r.Ports {
			continue // it has a check of its own
		}
		if c.OK {
			c.OK, c.Detail, c.Fix = false, r.Reason, r.Allow
			continue
		}
		c.Detail, c.Fix = c.Detail+"; "+r.Reason, c.Fix+"; "+r.Allow
	}
	return doctor.Tidy([]doctor.Check{c})
}

// try starts the supervisor of a lab without nodes, and ends it.
func try(ctx context.Context, m userns.Mapping) error {
	c, err := launch(m, boot{Lab: "probe", Single: m.Single, Tasks: tasksPerNode, Expires: time.Now().Add(probeTimeout)}, "probe", os.Getpid(), nil, nil, func(answer) {})
	if err != nil {
		return err
	}
	_, err = c.call(ctx, request{Op: opHello})
	return errors.Join(err, c.kill(ctx))
}

// idsCheck tells how many users a lab has.
func idsCheck(m userns.Mapping, err error) doctor.Check {
	c := doctor.Check{
		Name: "subordinate ids", Optional: true, Lost: "users within a lab: daemons that give up root's rights (FRR, keepalived, lldpd)",
		Fix: "as root: apt-get install uidmap, and usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER",
	}
	if missing, ok := errors.AsType[*topologies.MissingError](err); ok {
		c.Fix = missing.Hint
	}
	if err != nil {
		c.Detail, c.Unknown = err.Error(), true
		return c
	}
	count := 0
	for _, r := range m.Users {
		count += r.Count
	}
	c.OK, c.Detail = !m.Single, fmt.Sprintf("%d, from %d on", count, m.Users[len(m.Users)-1].Outside)
	if m.Single {
		c.Detail = "none"
		for _, r := range userns.ThisHost().Refusals() {
			if r.Partly {
				c.Detail, c.Fix = "none: "+r.Reason, r.Allow
				break
			}
		}
	}
	return c
}

// portsCheck tells whether switches in user space have ports.
func portsCheck() doctor.Check {
	c := doctor.Check{Name: "/dev/net/tun of nodes", Optional: true, OK: true, Lost: "switches in user space (Open vSwitch) in labs of namespaces"}
	for _, r := range userns.ThisHost().Refusals() {
		if r.Ports {
			c.OK, c.Detail, c.Fix = false, r.Reason, r.Allow
		}
	}
	return c
}

// groupsCheck tells whether the kernel bounds nodes.
func groupsCheck() doctor.Check {
	c := doctor.Check{Name: "control group of one's own", Optional: true, Lost: "bounds of nodes by the kernel: the supervisor of a lab sees to memory and processes, and nothing to cpu:"}
	d, err := findGroups()
	if none, ok := errors.AsType[*cgroups.NotDelegatedError](err); ok {
		c.Detail, c.Fix = none.Reason, none.Allow
		return c
	}
	if err != nil {
		c.Detail, c.Unknown = err.Error(), true
		return c
	}
	c.OK, c.Detail = true, fmt.Sprintf("%s, which bounds %s", d.Dir, strings.Join(d.Controllers, ", "))
	if !d.Has(cgroups.CPU) || !d.Has(cgroups.Memory) || !d.Has(cgroups.Pids) {
		c.OK, c.Fix = false, cgroups.AllowAll
	}
	return c
}

// imagesCheck tells what nodes can be made from.
func imagesCheck() doctor.Check {
	c := doctor.Check{
		Name: "images without an engine", Optional: true, Lost: "labs of namespaces, which have images of their own",
		Fix: "reprise images build --provider namespaces",
	}
	s, err := store.Open("")
	if err != nil {
		c.Detail = err.Error()
		return c
	}
	list, err := s.List()
	switch {
	case err != nil:
		c.Detail = err.Error()
	case len(list) == 0:
		c.Detail = "none"
	default:
		c.OK, c.Detail = true, fmt.Sprintf("%d", len(list))
	}
	return c
}
