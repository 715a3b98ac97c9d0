package registry

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"time"
)

// guard is the way to registries. Its library also speaks to private addresses and to names below localhost without TLS, where
// TLS fails or is slow; who is on that network would read credentials, and choose what is answered.
type guard struct {
	through http.RoundTripper
	end     context.CancelCauseFunc // of what the requests are for
}

// RoundTrip implements [http.RoundTripper].
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !loopback(r.URL.Hostname()) {
		return nil, fmt.Errorf("%s is not this machine's loopback, and is spoken to with TLS alone", r.URL.Host)
	}
	patience := time.AfterFunc(silence, func() { g.end(fmt.Errorf("%s has sent nothing for %s", r.URL.Host, silence)) })
	answer, err := g.through.RoundTrip(r)
	patience.Stop()
	if err == nil {
		answer.Body = &heard{ReadCloser: answer.Body, patience: patience}
	}
	return answer, err
}

func loopback(host string) bool {
	at, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && at.IsLoopback()
}

// heard is what a registry sends. Patience counts while somebody waits for it.
type heard struct {
	io.ReadCloser
	patience *time.Timer
}

func (h *heard) Read(p []byte) (int, error) {
	h.patience.Reset(silence)
	defer h.patience.Stop()
	return h.ReadCloser.Read(p)
}
