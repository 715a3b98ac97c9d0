package server

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/reprise-lab/reprise/harness/fleet"
)

// Member is a key that the server lets in.
type Member struct {
	Key   string     `json:"key"`
	Role  fleet.Role `json:"role"`
	Name  string     `json:"name"` // of the client when it was enrolled
	Since time.Time  `json:"since"`
}

// state is who may come in. It stands in members.json, for its owner alone.
type state struct {
	path string
	pin  string // of the certificate
	own  string // public key of this process, which may do everything

	writing sync.Mutex
	written int // the newest change that stands on the disk; writing guards it

	mu        sync.Mutex
	changes   int                   // of what is written
	Tokens    map[fleet.Role]string `json:"tokens"`
	Members   []Member              `json:"members"`
	Removed   []string              `json:"removed,omitempty"`
	connected map[string][]uint64   // key → its connections, of which some may be over
	alive     func(id uint64) bool
	over      map[string]bool // workers that have stored twice their share
}

func loadState(dir string) (*state, error) {
	s := &state{path: filepath.Join(dir, "members.json"), connected: map[string][]uint64{}, over: map[string]bool{}}
	data, err := os.ReadFile(s.path)
	if errors.Is(err, os.ErrNotExist) {
		return s, s.renewTokens()
	}
	if err != nil {
		return nil, fmt.Errorf("read who may join: %w", err)
	}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("read who may join: %s: %w", s.path, err)
	}
	for _, r := range []fleet.Role{fleet.RoleWorker, fleet.RoleCoordinator} {
		if s.Tokens[r] == "" {
			return nil, fmt.Errorf("read who may join: %s has no token for a %s; remove the file, and tokens and members are made anew", s.path, r)
		}
	}
	return s, nil
}

// save returns when a change is on the disk that has the number, one of s.changes; s.mu is not held. Changes that come while another is
// written are written at once: of a thousand workers that come together each would write the whole list.
func (s *state) save(change int) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.written >= change {
		return nil
	}
	s.mu.Lock()
	newest := s.changes
	data, err := json.MarshalIndent(s, "", "  ")
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("encode who may join: %w", err)
	}
	if err := writePrivate(s.path, append(data, '\n')); err != nil {
		return err
	}
	s.written = newest
	return nil
}

// changed numbers a change; s.mu is held.
func (s *state) changed() int {
	s.changes++
	return s.changes
}

// writePrivate replaces a file that its owner alone may read.
func writePrivate(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // of mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// membersKept is how many members, and how many removed keys, are remembered: who needs no identity is another key each time.
const membersKept = 4096

// forgetSome forgets the oldest members that are not connected; they are enrolled again when they come with a token. s.mu is held.
func (s *state) forgetSome() {
	more := len(s.Members) - membersKept
	s.Members = slices.DeleteFunc(s.Members, func(m Member) bool {
		over := more > 0 && len(s.live(m.Key)) == 0
		if over {
			more--
		}
		return over
	})
	s.Removed = s.Removed[max(0, len(s.Removed)-membersKept):]
}

// live are the connections of a key; s.mu is held.
func (s *state) live(key string) []uint64 {
	ids := slices.DeleteFunc(s.connected[key], func(id uint64) bool { return !s.alive(id) })
	if len(ids) == 0 {
		delete(s.connected, key)
		return nil
	}
	s.connected[key] = ids
	return ids
}

func (s *state) renewTokens() error {
	s.mu.Lock()
	s.Tokens = map[fleet.Role]string{fleet.RoleWorker: rand.Text(), fleet.RoleCoordinator: rand.Text()}
	change := s.changed()
	s.mu.Unlock()
	return s.save(change)
}

func (s *state) token(r fleet.Role) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Tokens[r]
}

func (s *state) list() []Member {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.Members)
}

// role is that of a member; empty: it is none.
func (s *state) role(key string) fleet.Role {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := slices.IndexFunc(s.Members, func(m Member) bool { return m.Key == key }); at >= 0 {
		return s.Members[at].Role
	}
	return ""
}

func (s *state) remove(key string) ([]uint64, error) {
	if !nkeys.IsValidPublicUserKey(key) {
		return nil, fmt.Errorf("remove %q: it is no public key of a member", key)
	}
	s.mu.Lock()
	s.Members = slices.DeleteFunc(s.Members, func(m Member) bool {
		if m.Key == key {
			s.Tokens[m.Role] = rand.Text() // who had the key knows the token, and makes another key
		}
		return m.Key == key
	})
	if !slices.Contains(s.Removed, key) {
		s.Removed = append(s.Removed, key)
	}
	ids, change := s.connected[key], s.changed()
	delete(s.connected, key)
	s.mu.Unlock()
	return ids, s.save(change)
}

// admit says in which role a key comes in; it enrols a key that brings a token. A worker that brings a coordinator's is
// one from then on.
func (s *state) admit(key, token, name string, id uint64) (fleet.Role, error) {
	role, was, change, err := s.enrol(key, token, name, id)
	if err != nil || change == 0 {
		return role, err
	}
	if err := s.save(change); err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		for i := range s.Members {
			if s.Members[i].Key == key {
				s.Members[i].Role = was
			}
		}
		s.Members = slices.DeleteFunc(s.Members, func(m Member) bool { return m.Key == key && was == "" })
		return "", err
	}
	return role, nil
}

// enrol is [state.admit] before it is on the disk; change is 0 where nothing is to be written, and was the role until now, empty for a key
// that was unknown.
func (s *state) enrol(key, token, name string, id uint64) (role, was fleet.Role, change int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Contains(s.Removed, key) {
		return "", "", 0, errors.New("its key was removed from the fleet")
	}
	for r, want := range s.Tokens {
		if subtle.ConstantTimeCompare([]byte(token), []byte(want)) == 1 {
			role = r
		}
	}
	at := slices.IndexFunc(s.Members, func(m Member) bool { return m.Key == key })
	switch {
	case at < 0 && role == "":
		return "", "", 0, errors.New("its key is unknown, and its token is none of this fleet's")
	case at < 0:
		s.connected[key] = []uint64{id}
		s.Members = append(s.Members, Member{key, role, name, time.Now().UTC()})
		s.forgetSome()
		return role, "", s.changed(), nil
	}
	s.connected[key] = append(s.live(key), id)
	if was = s.Members[at].Role; role != fleet.RoleCoordinator || was == role {
		return was, was, 0, nil
	}
	s.Members[at].Role = role
	return role, was, s.changed(), nil
}

// gate is asked for each connection.
type gate struct {
	state *state
	log   *slog.Logger
}

// Check lets in who has the key that it names, if that key may come.
func (g *gate) Check(c server.ClientAuthentication) bool {
	o := c.GetOpts()
	if err := g.check(c, o); err != nil {
		g.log.Warn("a client is refused", "name", o.Name, "key", o.Nkey, "from", c.RemoteAddress(), "err", err)
		return false
	}
	return true
}

func (g *gate) check(c server.ClientAuthentication, o *server.ClientOpts) error {
	if c.Kind() != server.CLIENT {
		return errors.New("only clients join a fleet")
	}
	if !nkeys.IsValidPublicUserKey(o.Nkey) {
		return errors.New("it names no public key of a user")
	}
	pair, err := nkeys.FromPublicKey(o.Nkey)
	if err != nil {
		return err
	}
	signature, err := base64.RawURLEncoding.DecodeString(o.Sig)
	if err != nil {
		return fmt.Errorf("its signature: %w", err)
	}
	if err := pair.Verify(c.GetNonce(), signature); err != nil {
		return fmt.Errorf("it has not the key that it names: %w", err)
	}
	if o.Nkey == g.state.own {
		c.RegisterUser(&server.User{Username: o.Nkey})
		return nil
	}
	role, err := g.state.admit(o.Nkey, o.Token, o.Name, c.GetID())
	if err != nil {
		return err
	}
	publish, subscribe := g.state.permissions(role, o.Nkey)
	c.RegisterUser(&server.User{Username: o.Nkey, Permissions: &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: publish},
		Subscribe: &server.SubjectPermission{Allow: subscribe},
	}})
	return nil
}
