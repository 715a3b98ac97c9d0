package trial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
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

// Collect gathers the evidence of the moment: cores, logs, the scenario's files, then
// states after and its commands, which a hung switch does not answer. What cannot be had is recorded with the reason. It runs
// once, under its own deadline; a cancelled ctx does not stop it, so that an
// interrupted trial keeps what it has seen.
func (t *Trial) Collect(ctx context.Context) {
	t.mu.Lock()
	again := t.collected
	t.collected = true
	t.mu.Unlock()
	if again {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), plan.CollectTimeout)
	defer cancel()
	end := t.begin(evidence.PhaseCollect)
	defer end()
	if err := lostOf(t.lab.res); err != nil {
		t.event(evidence.Event{Kind: evidence.EventLab, Outcome: evidence.Failed, Detail: err.Error()})
		return
	}
	ctx, release := t.lab.whileOurs(ctx)
	defer release()
	t.recordDeaths(ctx)
	t.checkLab(ctx)
	t.eachNode(func(n *labNode) {
		t.saveLogs(ctx, n)
		for _, file := range t.plan.Loaded.Scenario.Evidence.Files[n.Name] {
			t.fetch(ctx, n, file, t.dir.File("files", n.Name, flat(file)))
		}
	})
	t.captureStates(ctx, "after")
	t.takeTech(ctx)
}

// takeTech takes the tech-support of the nodes that the scenario names, and says what it
// lacks: half of one is evidence too, but nobody shall take it for whole.
func (t *Trial) takeTech(ctx context.Context) {
	t.eachNode(func(n *labNode) {
		src, ok := drivers.As[drivers.TechSupporter](n.driver)
		if !ok || !slices.Contains(t.plan.Loaded.Scenario.Evidence.Tech, n.Name) {
			return
		}
		begin := t.now()
		tech, err := src.TechSupport(ctx)
		detail := fmt.Sprintf("%d bytes, complete", len(tech.Output))
		if err == nil && !tech.Complete {
			detail = fmt.Sprintf("%d bytes, not complete; missing: %s", len(tech.Output), strings.Join(tech.Missing, ", "))
		}
		if tech.Output != "" {
			t.fail(evidence.WriteFile(t.dir.File("files", n.Name, "tech-support.txt"), []byte(t.redact.Text(tech.Output))))
		}
		t.done(evidence.Event{Kind: evidence.EventCollect, Lane: n.Name, Name: "tech-support", Detail: detail}, begin, err)
	})
}

// eachNode runs f on every device of the lab side by side.
func (t *Trial) eachNode(f func(*labNode)) {
	var wg sync.WaitGroup
	for _, n := range t.lab.nodes {
		if n.driver != nil && !n.Segment {
			wg.Go(func() { f(n) })
		}
	}
	wg.Wait()
}

var notPlain = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// flat makes a file name of a command or path.
func flat(s string) string {
	return evidence.Bounded(strings.Trim(notPlain.ReplaceAllString(s, "-"), "-"), 60)
}

// fetch copies one file from a node.
func (t *Trial) fetch(ctx context.Context, n *labNode, from, to string) {
	begin := t.now()
	err := t.copyFrom(ctx, n, from, to)
	t.done(evidence.Event{Kind: evidence.EventCollect, Lane: n.Name, Name: from}, begin, err)
}

func (t *Trial) copyFrom(ctx context.Context, n *labNode, from, to string) (err error) {
	host, err := t.lab.res.Host(n.Name)
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
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	copied, err := io.Copy(f, io.LimitReader(r, maxFetched))
	if err == nil && copied == maxFetched {
		err = fmt.Errorf("cut at %d bytes", copied)
	}
	return errors.Join(err, f.Close())
}

func (t *Trial) markLogs(ctx context.Context) map[string]drivers.LogMark {
	marks := map[string]drivers.LogMark{}
	var mu sync.Mutex
	t.eachNode(func(n *labNode) {
		src, ok := drivers.As[drivers.LogSource](n.driver)
		if !ok {
			return
		}
		m, err := src.MarkLogs(ctx)
		if err != nil {
			t.event(evidence.Event{Kind: evidence.EventCollect, Lane: n.Name, Name: "mark logs", Outcome: evidence.Failed, Detail: err.Error()})
			return
		}
		mu.Lock()
		marks[n.Name] = m
		mu.Unlock()
	})
	return marks
}

// saveLogs keeps what the node's logs gained in this trial; on a fresh lab that
// includes the start.
func (t *Trial) saveLogs(ctx context.Context, n *labNode) {
	src, ok := drivers.As[drivers.LogSource](n.driver)
	if !ok {
		return
	}
	mark := t.logsAtStart[n.Name]
	if t.cold && n.restorePoint == nil {
		mark = nil
	}
	files, err := src.LogsSince(ctx, mark)
	if err != nil {
		t.event(evidence.Event{Kind: evidence.EventCollect, Lane: n.Name, Name: "logs", Outcome: evidence.Failed, Detail: err.Error()})
		return
	}
	used := map[string]bool{}
	for _, f := range files {
		if f.Text == "" {
			continue
		}
		name := path.Base(f.Path)
		if used[name] {
			name = flat(f.Path)
		}
		used[name] = true
		t.fail(evidence.WriteFile(t.dir.File("logs", n.Name, name), []byte(t.redact.Text(f.Text))))
	}
}
