// Package server is the JetStream server that `reprise fleet serve` embeds.
//
// It keeps its state in one directory: JetStream's streams, the TLS certificate that is made at the first start and named in
// the URLs that others join by, the tokens, and the keys that were enrolled with them. A client proves that it has its key
// (nkeys); an unknown key is enrolled when it comes with a token, in the token's role. What a role may do is
// [fleet.Permissions].
package server

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/reprise-lab/reprise/harness/fleet"
)

// Options of a server.
type Options struct {
	Dir       string        // state; made when it is not there
	Listen    string        // HOST:PORT; empty: 0.0.0.0:4222; port 0: any that is free
	Advertise string        // HOST or HOST:PORT that others join by; empty: the address of the interface that leads out
	Renewal   time.Duration // how often leases are renewed; 0: what the state says, at first 5 s
	MaxStore  int64         // bytes of streams on the disk; 0: half of what is free at the start
	Log       *slog.Logger  // nil: nothing
}

// Server is a running server.
type Server struct{}

// Start starts a server and waits until it answers.
func Start(ctx context.Context, o Options) (*Server, error) { return nil, errors.ErrUnsupported }

// URL is what a client joins by in a role: address, token, and the certificate's digest.
func (s *Server) URL(r fleet.Role) string { return "" }

// Addr is where the server listens.
func (s *Server) Addr() string { return "" }

// Member is a key that the server lets in.
type Member struct {
	Key   string     `json:"key"`
	Role  fleet.Role `json:"role"`
	Name  string     `json:"name"` // of the client when it was enrolled
	Since time.Time  `json:"since"`
}

// Members are the enrolled keys, in the order they came.
func (s *Server) Members() []Member { return nil }

// Remove makes the server forget a key, and closes its connections. With a token it can be enrolled again, unless the tokens are changed too.
func (s *Server) Remove(key string) error { return nil }

// RenewTokens makes the tokens, and with them the URLs that were given out, void. Who is enrolled stays.
func (s *Server) RenewTokens() error { return nil }

// Conn is a connection of this process, which may do everything.
func (s *Server) Conn() *fleet.Conn { return nil }

// Close ends the server. Its state stays.
func (s *Server) Close() error { return nil }
