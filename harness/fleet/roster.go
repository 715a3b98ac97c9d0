package fleet

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// announce tells workers that tasks with these needs are there.
func (c *Coordinator) announce(ctx context.Context, key string, n Needs) error {
	data, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("encode needs: %w", err)
	}
	m := &nats.Msg{Subject: needsSubject(key)}
	if m.Data, err = signWord(c.conn.pair, m.Subject, data); err != nil {
		return err
	}
	if _, err := c.conn.publish(ctx, m, ""); err != nil {
		return fmt.Errorf("announce needs %s: %w", key, err)
	}
	return nil
}

// announcedNeeds verifies needs that stand under a key. The error is errForged when no coordinator announced them.
func announcedNeeds(key string, data []byte) (Needs, error) {
	var n Needs
	_, body, err := readWord(needsSubject(key), data)
	if err != nil {
		return n, err
	}
	if err := json.Unmarshal(body, &n); err != nil {
		return n, fmt.Errorf("read needs %s: %w: %w", key, errForged, err)
	}
	if n.Key() != key {
		return n, fmt.Errorf("read needs %s: %w: they are %s", key, errForged, n.Key())
	}
	return n, nil
}

// watchWorkers learns the workers that are there, and hears of all that come, renew and leave.
func (c *Coordinator) watchWorkers(ctx context.Context) error {
	offers, err := c.conn.subscribe("$KV."+bucketRoster+".*", func(m *nats.Msg) { c.hear(m) })
	if err != nil {
		return fmt.Errorf("watch the workers: %w", err)
	}
	stop := func() { _ = offers.Unsubscribe() }
	progress, err := c.watchProgress()
	if err != nil {
		stop()
		return fmt.Errorf("watch progress: %w", err)
	}
	context.AfterFunc(c.ctx, func() { //nolint:contextcheck // it ends with the coordinator
		stop()
		if progress != nil {
			_ = progress.Unsubscribe()
		}
	})
	var list []Offer
	if err := c.conn.retry(ctx, c.renewal, func(ctx context.Context) (err error) {
		list, err = c.conn.offers(ctx)
		return err
	}); err != nil {
		return err
	}
	c.mu.Lock()
	for _, o := range list {
		if _, heard := c.roster[o.Key]; !heard {
			c.roster[o.Key] = seenOffer{o, time.Now()}
		}
	}
	c.mu.Unlock()
	return nil
}

func (c *Coordinator) hear(m *nats.Msg) {
	key := m.Subject[strings.LastIndexByte(m.Subject, '.')+1:]
	var o Offer
	gone := m.Header.Get("KV-Operation") != ""
	if !gone && (json.Unmarshal(m.Data, &o) != nil || o.Key != key) {
		return
	}
	c.mu.Lock()
	before, was := c.roster[key]
	if gone {
		delete(c.roster, key)
	} else {
		o.Seen = time.Now()
		c.roster[key] = seenOffer{o, o.Seen}
	}
	changed := gone == was || !gone && !sameAbilities(before.Offer, o)
	c.mu.Unlock()
	if changed {
		c.tellUnmet()
	}
}

// sameAbilities reports whether two offers of a worker meet the same needs.
func sameAbilities(a, b Offer) bool {
	a.Busy, a.Since, a.Seen, a.Ailing, a.Full.Stored = b.Busy, b.Since, b.Seen, b.Ailing, b.Full.Stored
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// expireOffers forgets workers that have not renewed.
func (c *Coordinator) expireOffers() {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.roster, func(_ string, o seenOffer) bool { return time.Since(o.seen) > offerLives*c.renewal })
}

// Workers are the offers of the workers that are there now, by name.
func (c *Coordinator) Workers() []Offer {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []Offer
	for _, o := range c.roster {
		o.Silent = time.Since(o.seen) > silentLives*c.renewal
		list = append(list, o.Offer)
	}
	sortOffers(list)
	return list
}

func sortOffers(list []Offer) {
	slices.SortFunc(list, func(a, b Offer) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Key, b.Key)) })
}

// Lacking says of each worker that cannot take tasks of this coordinator with these needs why not; met is whether one can.
func (c *Coordinator) Lacking(n Needs) (why []Refusal, met bool) {
	why, met, _ = lacking(c.Workers(), n, c.lacks)
	return slices.DeleteFunc(why, func(r Refusal) bool { return r.Waits }), met
}

// lacks is [Offer.Lacks], and why this coordinator and the worker do not deal with each other.
func (c *Coordinator) lacks(o Offer, n Needs) []string {
	why := o.Lacks(n)
	if !o.accepts(c.conn.key) {
		why = append(why, unaccepted(c.conn.key))
	}
	if !c.trusts(o.Key) {
		why = append(why, fmt.Sprintf("its key %s is not one of those whose results are taken here", o.Key))
	}
	return why
}

// accepts reports whether a worker takes tasks of the coordinator that has a key.
func (o Offer) accepts(key string) bool { return accepted(o.Accept, key) }

// accepted reports whether a key is among those that an owner names, or the owner names none.
func accepted(keys []string, key string) bool { return len(keys) == 0 || slices.Contains(keys, key) }

// unaccepted says why a worker takes nothing of the coordinator that has a key.
func unaccepted(key string) string {
	return fmt.Sprintf("it takes trials of those alone whom its owner names, and you are not among them: reprise worker --accept %s there", key)
}

func (c *Coordinator) trusts(worker string) bool {
	return len(c.o.Trusted) == 0 || slices.Contains(c.o.Trusted, worker)
}

// lacking says of each worker that takes no tasks with some needs why not; met is whether one can, and taken whether one does.
func lacking(workers []Offer, n Needs, lacks func(Offer, Needs) []string) (why []Refusal, met, taken bool) {
	for _, o := range workers {
		reasons, waits := lacks(o, n), o.Waits()
		switch {
		case len(reasons) > 0:
			why = append(why, Refusal{Name: o.Name, Key: o.Key, Why: reasons})
		case waits != "":
			why, met = append(why, Refusal{Name: o.Name, Key: o.Key, Why: []string{waits}, Waits: true}), true
		default:
			met, taken = true, true
		}
	}
	return why, met, taken
}

// tellUnmet tells what has changed of which needs are met.
func (c *Coordinator) tellUnmet() {
	if c.o.Unmet == nil {
		return
	}
	workers := c.Workers()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, q := range c.queues {
		if q.tasks == 0 {
			continue
		}
		why, met, taken := lacking(workers, q.needs, c.lacks)
		if taken {
			why = nil
		}
		text := fmt.Sprint(met, why)
		if text == q.told || taken && q.told == "" {
			continue
		}
		q.told = text
		if taken {
			q.told = ""
		}
		n := q.needs
		c.events.add(func(context.Context) error { c.o.Unmet(n, why, met); return nil })
	}
}

// offers lists the roster.
func (c *Conn) offers(ctx context.Context) ([]Offer, error) {
	var list []Offer
	err := c.eachKey(ctx, bucketRoster, func(entry jetstream.KeyValueEntry) error {
		var o Offer
		if json.Unmarshal(entry.Value(), &o) == nil && o.Key == entry.Key() {
			o.Seen = entry.Created()
			list = append(list, o)
		}
		return nil
	})
	sortOffers(list)
	return list, err
}

// subscribe hears messages that are not stored, or as they are stored.
func (c *Conn) subscribe(on string, do func(*nats.Msg)) (*nats.Subscription, error) {
	s, err := c.nc.Subscribe(on, do)
	if err != nil {
		return nil, fmt.Errorf("listen to %s: %w", on, err)
	}
	return s, nil
}

// maxProgress bounds a line of progress, bytes.
const maxProgress = 4096

// watch hears progress.
func (c *Conn) watch(on string, see func(Progress)) (*nats.Subscription, error) {
	return c.subscribe(on, func(m *nats.Msg) {
		tokens := strings.Split(m.Subject, ".")
		var p Progress
		if len(tokens) != 5 || len(m.Data) > 2*maxProgress || json.Unmarshal(m.Data, &p) != nil {
			return
		}
		p.Work, p.Worker, p.ID = tokens[2], tokens[3], tokens[4]
		see(p)
	})
}
