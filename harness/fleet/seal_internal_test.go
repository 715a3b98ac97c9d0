package fleet

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// FuzzResult: whatever a worker sends is either read and written again as it was, or refused.
func FuzzResult(f *testing.F) {
	f.Add(result{signed: []byte(`{"work":"w"}`), signature: []byte("s"), summary: []byte("{}"), record: []byte("record")}.encode())
	f.Add(result{signed: []byte("x"), chunks: 3}.encode())
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0, 0, 0, 9, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := decodeResult(data)
		if err != nil {
			return
		}
		if !bytes.Equal(r.encode(), data) {
			t.Errorf("%x is read as %+v, which is %x", data, r, r.encode())
		}
		if _, err := r.open("w", "k", "i", 1000); err == nil {
			t.Error("a result verifies that nobody has signed")
		}
	})
}

// TestJob: a task is taken from the subject that it was signed for, by the coordinator that it names, as it was written.
func TestJob(t *testing.T) {
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	key, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	j := job{Task: Task{Work: "w", ID: "1", Plan: "p", Trial: 1}, Coordinator: key, Epoch: 7, Ticket: "t", Secret: "s"}
	on := subject(prefixWork, "needs", "w", "1")
	m, err := j.message(on, pair)
	if err != nil {
		t.Fatal(err)
	}
	got, err := readJob(on, m.Header, m.Data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(j, got, cmp.AllowUnexported(job{})); diff != "" {
		t.Error(diff)
	}
	other := j
	other.Coordinator = "me"
	nobody, err := other.message(on, pair)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]func() (job, error){
		"on another queue":    func() (job, error) { return readJob(subject(prefixWork, "other", "w", "1"), m.Header, m.Data) },
		"of another work":     func() (job, error) { return readJob(subject(prefixWork, "needs", "v", "1"), m.Header, m.Data) },
		"without a signature": func() (job, error) { return readJob(on, nats.Header{}, m.Data) },
		"altered": func() (job, error) {
			return readJob(on, m.Header, bytes.Replace(m.Data, []byte(`"trial":1`), []byte(`"trial":2`), 1))
		},
		"cut":       func() (job, error) { return readJob(on, m.Header, m.Data[:20]) },
		"by nobody": func() (job, error) { return readJob(on, nobody.Header, nobody.Data) },
	} {
		if _, err := bad(); err == nil {
			t.Errorf("a task that is %s is taken", name)
		}
	}
}

// TestSecret: what is encrypted is read with its secret alone, and whole or not at all.
func TestSecret(t *testing.T) {
	plain := bytes.Repeat([]byte("configuration "), 20_000)
	var sealed bytes.Buffer
	if err := encrypt(&sealed, bytes.NewReader(plain), "secret"); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed.Bytes(), []byte("configuration")) {
		t.Error("it is readable")
	}
	read := func(data []byte, secret string) error {
		r, err := decrypt(bytes.NewReader(data), secret)
		if err != nil {
			return err
		}
		var got bytes.Buffer
		if _, err := got.ReadFrom(r); err != nil {
			return err
		}
		if !bytes.Equal(got.Bytes(), plain) {
			t.Error("it is read as something else")
		}
		return nil
	}
	if err := read(sealed.Bytes(), "secret"); err != nil {
		t.Error(err)
	}
	if read(sealed.Bytes(), "guess") == nil {
		t.Error("it is read with another secret")
	}
	if read(sealed.Bytes()[:sealed.Len()-100], "secret") == nil {
		t.Error("it is read though it is cut")
	}
}
