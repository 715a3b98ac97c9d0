package trial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
)

// maxFetched bounds one file fetched from a node, in bytes; cores are the large ones.
const maxFetched = 512 << 20

// collector gathers what a trial leaves behind.
type collector struct {
	lab    *Lab
	rec    *recorder
	deaths *deathWatch
	breaks *breakWatch
	logs   *logs
	late   *lateness
	clocks bool // all processes had the lab's clock when the trial began

	once  sync.Once
	shown bool // the states after were recorded when the symptom had shown

	configs reconfigured
}

// stateOfSymptom records the states after, before a workaround takes away what they show.
func (c *collector) stateOfSymptom(ctx context.Context) {
	c.states(ctx, "after")
	c.shown = true
}

// collect gathers the evidence of the moment: captures, cores, logs, the scenario's files, then states
// after and its commands, which a hung switch does not answer. What cannot be had is recorded
// with the reason. It runs once, under its own deadline; a cancelled ctx does not stop it, so
// that an interrupted trial keeps what it has seen.
func (c *collector) collect(ctx context.Context) {
	c.once.Do(func() { c.gather(context.WithoutCancel(ctx)) })
}

func (c *collector) gather(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, plan.CollectTimeout)
	defer cancel()
	end := c.rec.begin(evidence.PhaseCollect)
	defer end()
	c.lab.captures.end()
	if err := lostOf(c.lab.res); err != nil {
		c.rec.event(evidence.Event{Kind: evidence.EventLab, Outcome: evidence.Failed, Detail: err.Error()})
		return
	}
	ctx, release := c.lab.whileOurs(ctx)
	defer release()
	c.deaths.record(ctx)
	labState{c.lab, c.rec}.check(ctx)
	if !c.lab.unbooted { // then there is nothing that could have gone on
		c.breaks.check(ctx)
	}
	c.lab.devices(func(n *labNode) {
		c.logs.save(ctx, n)
		for _, file := range c.lab.plan.Loaded.Scenario.Evidence.Files[n.Name] {
			fetcher{c.lab, c.rec}.fetch(ctx, n, file, c.rec.dir.File("files", n.Name, flat(file)))
		}
	})
	c.late.ask(ctx, c.logs)
	if c.clocks {
		clocks{c.lab, c.rec}.recheck(ctx)
	}
	if !c.shown {
		c.states(ctx, "after")
	}
	c.configs.record(c.lab, c.rec)
	c.tech(ctx)
	c.deaths.triage(ctx) // the last: nothing of the node's state waits for a debugger
}

// tech takes the tech-support of the nodes that the scenario names, and says what it
// lacks: half of one is evidence too, but nobody shall take it for whole.
func (c *collector) tech(ctx context.Context) {
	c.lab.devices(func(n *labNode) {
		src, ok := drivers.As[drivers.TechSupporter](n.driver)
		if !ok || !slices.Contains(c.lab.plan.Loaded.Scenario.Evidence.Tech, n.Name) {
			return
		}
		begin := c.rec.now()
		tech, err := src.TechSupport(ctx)
		detail := fmt.Sprintf("%d bytes, complete", len(tech.Output))
		if err == nil && !tech.Complete {
			detail = fmt.Sprintf("%d bytes, not complete; missing: %s", len(tech.Output), strings.Join(tech.Missing, ", "))
		}
		if tech.Output != "" {
			c.rec.fail(evidence.WriteFile(c.rec.dir.File("files", n.Name, "tech-support.txt"), []byte(c.rec.redact.Text(tech.Output))))
		}
		c.rec.done(evidence.Event{Kind: evidence.EventCollect, Lane: n.Name, Name: "tech-support", Detail: detail}, begin, err)
	})
}

var notPlain = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// flat makes a file name of a command or path.
func flat(s string) string {
	return evidence.Bounded(strings.Trim(notPlain.ReplaceAllString(s, "-"), "-"), 60)
}

// fetcher fetches files from nodes.
type fetcher struct {
	lab *Lab
	rec *recorder
}

// fetch copies one file from a node.
func (f fetcher) fetch(ctx context.Context, n *labNode, from, to string) (ok bool) {
	begin := f.rec.now()
	err := f.copyFrom(ctx, n, from, to)
	f.rec.done(evidence.Event{Kind: evidence.EventCollect, Lane: n.Name, Name: from}, begin, err)
	return err == nil
}

func (f fetcher) copyFrom(ctx context.Context, n *labNode, from, to string) (err error) {
	host, err := f.lab.res.Host(n.Name)
	if err != nil {
		return err
	}
	r, err := host.ReadFile(ctx, from)
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // read only
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	copied, err := io.Copy(file, io.LimitReader(r, maxFetched))
	if err == nil && copied == maxFetched {
		err = fmt.Errorf("cut at %d bytes", copied)
	}
	return errors.Join(err, file.Close())
}
