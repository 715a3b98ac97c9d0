package lab

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Lease is a claim on devices, for who asks about it.
type Lease struct {
	ID       string    `json:"id"`
	Owner    string    `json:"owner"` // user@host
	Purpose  string    `json:"purpose,omitempty"`
	Run      string    `json:"run,omitempty"`
	Devices  []string  `json:"devices,omitempty"` // those that are still leased under it
	Priority int       `json:"priority,omitempty"`
	PID      int       `json:"pid,omitempty"` // 0: bound to no process
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until"`
	Renewed  time.Time `json:"renewed"`
}

// claim is a row of the table: a lease, or somebody who waits for one.
type claim struct {
	Lease
	seq         int64
	waiting     bool
	process     Process
	request     Request
	grace       time.Duration
	sinceBoot   time.Duration
	untilBoot   time.Duration
	renewedBoot time.Duration
}

const claimColumns = `seq, id, waiting, owner, host, boot, pid, start, purpose, run, priority, request,
	since, until, renewed, grace, since_boot, until_boot, renewed_boot`

// ended says why a claim is over at a moment, "" while it stands. See the package's
// comment for which clock counts when.
func (c *claim) ended(m Moment, self Process, alive func(Process) bool) string {
	here := c.process.Boot == m.BootID
	if here && c.process.PID > 0 && c.process.Host == self.Host && !alive(c.process) {
		return "its process ended"
	}
	if here {
		switch silent := m.Boot - c.renewedBoot; {
		case c.process.PID > 0 && silent > c.grace:
			return fmt.Sprintf("it was not renewed for %s", silent.Round(time.Second))
		case !c.waiting && m.Boot >= c.untilBoot:
			return "its time was over"
		}
		return ""
	}
	silent := m.Wall.Sub(c.Renewed) > c.grace
	if silent && (c.waiting || !m.Wall.Before(c.Until)) {
		return "its time was over and it was not renewed"
	}
	return ""
}

// begin stamps a claim that starts now and stands for a time.
func (c *claim) begin(m Moment, d time.Duration) {
	c.Since, c.Until, c.Renewed = m.Wall, m.Wall.Add(d), m.Wall
	c.sinceBoot, c.untilBoot, c.renewedBoot = m.Boot, m.Boot+d, m.Boot
}

// loadClaims gives leases and waiters in the order of the queue.
func (s *store) loadClaims(ctx context.Context, tx *sql.Tx) (claims []*claim, err error) {
	rows, err := tx.StmtContext(ctx, s.claims).QueryContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("read claims: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		c, err := scanClaim(rows)
		if err != nil {
			return nil, err
		}
		claims = append(claims, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read claims: %w", err)
	}
	return claims, s.loadLeased(ctx, tx, claims)
}

func scanClaim(rows *sql.Rows) (*claim, error) {
	var c claim
	var request string
	var since, until, renewed int64
	var start int64
	err := rows.Scan(&c.seq, &c.ID, &c.waiting, &c.Owner, &c.process.Host, &c.process.Boot, &c.process.PID, &start,
		&c.Purpose, &c.Run, &c.Priority, &request, &since, &until, &renewed, &c.grace, &c.sinceBoot, &c.untilBoot, &c.renewedBoot)
	if err != nil {
		return nil, fmt.Errorf("read claim: %w", err)
	}
	c.process.Start = uint64(start) //nolint:gosec // written from a uint64, bit for bit
	c.PID = c.process.PID
	c.Since, c.Until, c.Renewed = time.Unix(0, since), time.Unix(0, until), time.Unix(0, renewed)
	if err := json.Unmarshal([]byte(request), &c.request); err != nil {
		return nil, fmt.Errorf("read request of claim %s: %w", c.ID, err)
	}
	return &c, nil
}

// loadLeased adds the devices to the claims, in the order of their names.
func (s *store) loadLeased(ctx context.Context, tx *sql.Tx, claims []*claim) (err error) {
	byID := map[string]*claim{}
	for _, c := range claims {
		byID[c.ID] = c
	}
	rows, err := tx.StmtContext(ctx, s.leased).QueryContext(ctx)
	if err != nil {
		return fmt.Errorf("read leased devices: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var device, id string
		if err := rows.Scan(&device, &id); err != nil {
			return fmt.Errorf("read leased device: %w", err)
		}
		if c := byID[id]; c != nil {
			c.Devices = append(c.Devices, device)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read leased devices: %w", err)
	}
	return nil
}

// put writes a claim, new or in place of what it was; seq 0 goes to the end of the queue.
func (c *claim) put(ctx context.Context, tx *sql.Tx) error {
	request, err := json.Marshal(c.request)
	if err != nil {
		return fmt.Errorf("write request: %w", err)
	}
	var seq any
	if c.seq > 0 {
		seq = c.seq
	}
	res, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO claims ("+claimColumns+") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
		seq, c.ID, c.waiting, c.Owner, c.process.Host, c.process.Boot, c.process.PID, int64(c.process.Start), //nolint:gosec // read back bit for bit
		c.Purpose, c.Run, c.Priority, string(request), c.Since.UnixNano(), c.Until.UnixNano(), c.Renewed.UnixNano(),
		int64(c.grace), int64(c.sinceBoot), int64(c.untilBoot), int64(c.renewedBoot))
	if err != nil {
		return fmt.Errorf("write claim: %w", err)
	}
	if c.seq, err = res.LastInsertId(); err != nil {
		return fmt.Errorf("write claim: %w", err)
	}
	for _, d := range c.Devices {
		if _, err := tx.ExecContext(ctx, "INSERT INTO leased (device, claim) VALUES (?, ?)", d, c.ID); err != nil {
			return fmt.Errorf("lease %s: %w", d, err)
		}
	}
	return nil
}

func dropClaim(ctx context.Context, tx *sql.Tx, id string) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM claims WHERE id = ?", id); err != nil {
		return fmt.Errorf("end claim %s: %w", id, err)
	}
	return nil
}

// dropDevice ends the lease of one device, and the claim with its last one.
func dropDevice(ctx context.Context, tx *sql.Tx, device string) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM leased WHERE device = ?", device); err != nil {
		return fmt.Errorf("end lease of %s: %w", device, err)
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM claims WHERE waiting = 0 AND id NOT IN (SELECT claim FROM leased)"); err != nil {
		return fmt.Errorf("end lease of %s: %w", device, err)
	}
	return nil
}

// Event is a line of the lab's history.
type Event struct {
	At     time.Time `json:"at"`
	Who    string    `json:"who"`
	What   string    `json:"what"` // reserved, released, ended, kicked, kept, restored, dismissed, quarantined, unquarantined
	Device string    `json:"device"`
	Lease  string    `json:"lease,omitempty"`
	Reason string    `json:"reason,omitempty"`
}

func note(ctx context.Context, tx *sql.Tx, e Event) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO history (at, who, what, device, claim, reason) VALUES (?,?,?,?,?,?)",
		e.At.UnixNano(), e.Who, e.What, e.Device, e.Lease, e.Reason)
	if err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	return nil
}
