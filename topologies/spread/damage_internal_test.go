package spread

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/cabling"
)

// unbuilt is a builder of whom nothing may be asked.
type unbuilt struct{ t *testing.T }

func (unbuilt) DescribeImage(context.Context, string) (topologies.ImageInfo, error) {
	return topologies.ImageInfo{}, &topologies.MissingError{What: "image", Name: "x"}
}
func (unbuilt) Engine(context.Context) string                       { return "" }
func (unbuilt) GC(context.Context, time.Time) ([]string, error)     { return nil, nil }
func (unbuilt) RemoveRun(context.Context, string) ([]string, error) { return nil, nil }
func (unbuilt) CheckPart(context.Context, topologies.Topology) error {
	return errors.New("nothing is built here")
}

func (u unbuilt) ReservePart(context.Context, topologies.Topology, topologies.Options) (cabling.Part, error) {
	u.t.Error("something is built")
	return nil, errors.New("nothing is built here")
}

// agentOf serves one connection, and gives a session with it, and what waits for the agent's end.
func agentOf(t *testing.T, b Builder) (s *session, ended chan error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // one came
	ended = make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			err = Serve(context.WithoutCancel(t.Context()), conn, b)
		}
		ended <- err
	}()
	s, err = dial(t.Context(), Host{Name: "there", Dial: func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", l.Addr().String())
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s, ended
}

// TestDamagedQuestions: a question that breaks off, is of another kind, or asks for more than may be, is answered with an error or
// not at all; nothing is built of it, and the agent answers the next.
func TestDamagedQuestions(t *testing.T) {
	t.Parallel()
	s, ended := agentOf(t, unbuilt{t})
	for _, path := range []string{askReserve, askJoin, askInject, askWrite, askCheck, askTraffic, streamImage, streamExec, streamOpen, streamRead, streamFrames} {
		for name, body := range map[string]string{
			"nothing":         "",
			"half of JSON":    `{"topology": {"Nodes": [{"Name": "r1"`,
			"another type":    `[1, 2, 3]`,
			"half of a chunk": "\x01\x00\x00\x00\x40{\"node\":",
			"a long chunk":    "\x01\xff\xff\xff\xff",
			"another chunk":   "\x02\x00\x00\x00\x02{}",
			"a chunk of text": "\x01\x00\x00\x00\x05hello",
		} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://agent"+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			answer, err := s.client.Do(r)
			if err != nil {
				t.Fatalf("%s to %s: %v", name, path, err)
			}
			said, err := io.ReadAll(answer.Body)
			_ = answer.Body.Close() // read to its end
			if err != nil || !bytes.Contains(said, []byte(`"error":"`)) {
				t.Errorf("%s to %s is answered %q, %v", name, path, said, err)
			}
		}
	}
	if _, err := ask[clockAnswer](t.Context(), s, askClock, nothing{}); err != nil {
		t.Errorf("it answers no more: %v", err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the agent: %v", err)
	}
}

// TestForeignConnection: who speaks something else over the connection has the agent end, and nothing built; a session whose
// other end is no agent says what host that is.
func TestForeignConnection(t *testing.T) {
	t.Parallel()
	for name, said := range map[string]string{
		"nothing": "", "text": "GET / HTTP/1.1\r\nHost: agent\r\n\r\n", "half of a preface": "PRI * HTTP/2.0\r\n\r\nS",
		"a preface and damage": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	} {
		near, far := net.Pipe()
		ended := make(chan error, 1)
		go func() { ended <- Serve(context.WithoutCancel(t.Context()), far, unbuilt{t}) }()
		go func() { _, _ = io.Copy(io.Discard, near) }()
		_, _ = io.WriteString(near, said) // the agent may have gone
		_ = near.Close()
		if err := <-ended; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // one came
	go func() {
		if conn, err := l.Accept(); err == nil {
			_, _ = io.WriteString(conn, "SSH-2.0-OpenSSH_9.2\r\n") // who asks may have gone
			_, _ = io.Copy(io.Discard, conn)
			_ = conn.Close()
		}
	}()
	s, err := dial(t.Context(), Host{Name: "there", Dial: func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", l.Addr().String())
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ask[clockAnswer](t.Context(), s, askClock, nothing{}); err == nil || !strings.Contains(err.Error(), "host there") {
		t.Errorf("what is no agent: %v", err)
	}
	_ = s.close() // its other end is gone
}

// taking is a builder that takes the images that it names.
type taking struct {
	unbuilt
	took map[string][]byte
}

func (b *taking) TakeImage(_ context.Context, r io.Reader, digest string) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("it broke off: %w", err)
	}
	if _, wanted := b.took[digest]; !wanted {
		return errors.New("the archive holds no image " + digest)
	}
	b.took[digest] = data
	return nil
}

// TestSendImage: an image comes whole, or not at all, and whoever refuses it is heard.
func TestSendImage(t *testing.T) {
	t.Parallel()
	b := &taking{unbuilt{t}, map[string][]byte{"sha256:a": nil}}
	s, ended := agentOf(t, b)
	image := bytes.Repeat([]byte("layer"), 300_000)
	whole := func(w io.Writer) error {
		_, err := w.Write(image)
		return err
	}
	if err := s.sendImage(t.Context(), "sha256:a", whole); err != nil || !bytes.Equal(b.took["sha256:a"], image) {
		t.Errorf("%v, %d bytes came", err, len(b.took["sha256:a"]))
	}
	if err := s.sendImage(t.Context(), "sha256:b", whole); err == nil || !strings.Contains(err.Error(), "holds no image sha256:b") {
		t.Errorf("one that is refused: %v", err)
	}
	b.took["sha256:a"] = nil
	unreadable := errors.New("the disk")
	if err := s.sendImage(t.Context(), "sha256:a", func(w io.Writer) error {
		_ = whole(w) // and then
		return unreadable
	}); !errors.Is(err, unreadable) || b.took["sha256:a"] != nil {
		t.Errorf("one that breaks off: %v, %d bytes were taken", err, len(b.took["sha256:a"]))
	}
	_ = s.close() // it was asked for nothing more
	if err := <-ended; err != nil {
		t.Errorf("the agent: %v", err)
	}
	s, ended = agentOf(t, unbuilt{t})
	if err := s.sendImage(t.Context(), "sha256:a", whole); err == nil || !strings.Contains(err.Error(), "takes no images") {
		t.Errorf("a host that takes none: %v", err)
	}
	_ = s.close() // likewise
	if err := <-ended; err != nil {
		t.Errorf("the agent: %v", err)
	}
}
