package fleet

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// job is the message of a task: the task, and what only who takes it learns.
type job struct {
	Task
	Coordinator string            `json:"coordinator"` // public nkey
	Epoch       uint64            `json:"epoch"`       // of the coordinator's life; a lease names the last one whose tasks are over
	Life        string            `json:"life"`        // its name; a cancellation names those that it is for
	Ticket      string            `json:"ticket"`
	Secret      string            `json:"secret"`                  // that the payload is encrypted with
	Secrets     map[string]string `json:"image-secrets,omitempty"` // of images, by digest
}

// cancellation is what stands in the bucket of cancellations for a task that is to end.
type cancellation struct {
	Lives []string `json:"lives"` // that gave the message that whoever is to end it has
}

// what digests all that the result of a task depends on: two tasks of one name that differ in it are two tasks.
func (t Task) what() string {
	return sha256Hex(fmt.Appendf(nil, "%s %d %s", t.Plan, t.Trial, sha256Hex(t.Options)))
}

// errForged is what nobody who may has written.
var errForged = errors.New("it does not verify")

const (
	headerSignature = "Reprise-Signature"
	maxJob          = 256 << 10
)

// secrets derives what a coordinator alone can know, and knows again when it resumes: HMAC-SHA-256 keyed by its seed.
type secrets struct{ seed []byte }

func newSecrets(pair nkeys.KeyPair) (secrets, error) {
	seed, err := pair.Seed()
	if err != nil {
		return secrets{}, fmt.Errorf("read the identity's seed: %w", err)
	}
	return secrets{seed}, nil
}

func (s secrets) derive(parts ...string) string {
	h := hmac.New(sha256.New, s.seed)
	_, _ = h.Write([]byte("reprise fleet v1\x00" + strings.Join(parts, "\x00")))
	return hex.EncodeToString(h.Sum(nil))
}

// ticket of a task: what is executed, and that this identity asked for it under this name. Only who takes the task learns it.
func (s secrets) ticket(t Task) string {
	what := t.what()
	return what + "-" + s.derive("ticket", t.Work, t.ID, what)
}

// ticketOf reads what the ticket of a task was given for; ok is whether this identity has given it.
func (s secrets) ticketOf(work, id, ticket string) (what string, ok bool) {
	what, proof, _ := strings.Cut(ticket, "-")
	return what, hmac.Equal([]byte(proof), []byte(s.derive("ticket", work, id, what)))
}

func (s secrets) plan(digest string) string  { return s.derive("plan", digest) }
func (s secrets) image(digest string) string { return s.derive("image", digest) }

// message signs a job for a subject: a message that was moved to another subject does not verify.
func (j job) message(subject string, pair nkeys.KeyPair) (*nats.Msg, error) {
	data, err := json.Marshal(j) //nolint:gosec // the secret is what the message carries to who takes the task
	if err != nil {
		return nil, fmt.Errorf("encode task %s: %w", j.ID, err)
	}
	if len(data) > maxJob {
		return nil, fmt.Errorf("task %s: its message has %d bytes, at most %d are allowed", j.ID, len(data), maxJob)
	}
	signature, err := pair.Sign(signed(subject, data))
	if err != nil {
		return nil, fmt.Errorf("sign task %s: %w", j.ID, err)
	}
	m := nats.NewMsg(subject)
	m.Data = data
	m.Header.Set(headerSignature, base64.StdEncoding.EncodeToString(signature))
	return m, nil
}

func signed(subject string, data []byte) []byte {
	return append([]byte("reprise fleet task v1\n"+subject+"\n"), data...)
}

// readJob verifies a job's signature, and that it stands on its own subject.
func readJob(subject string, header nats.Header, data []byte) (job, error) {
	var j job
	if err := json.Unmarshal(data, &j); err != nil {
		return j, fmt.Errorf("%w: %w", errForged, err)
	}
	tokens := strings.Split(subject, ".")
	if n := len(tokens); n != 5 || tokens[3] != j.Work || tokens[4] != j.ID {
		return j, fmt.Errorf("%w: task %s of %s is on subject %s", errForged, j.ID, j.Work, subject)
	}
	signature, err := base64.StdEncoding.DecodeString(header.Get(headerSignature))
	if err != nil {
		return j, fmt.Errorf("%w: signature: %w", errForged, err)
	}
	if err := checkKey(j.Coordinator); err != nil {
		return j, fmt.Errorf("%w: coordinator %w", errForged, err)
	}
	key, err := nkeys.FromPublicKey(j.Coordinator)
	if err != nil {
		return j, fmt.Errorf("%w: coordinator: %w", errForged, err)
	}
	if err := key.Verify(signed(subject, data), signature); err != nil {
		return j, fmt.Errorf("%w: signature: %w", errForged, err)
	}
	return j, nil
}

// A secret has 256 random bits already: nothing is gained by making it slow to guess.
const noStretching = 1

// encrypt writes what r has to w, readable with secret alone (age, scrypt recipient).
func encrypt(w io.Writer, r io.Reader, secret string) error {
	to, err := age.NewScryptRecipient(secret)
	if err != nil {
		return fmt.Errorf("encrypt: %w", err)
	}
	to.SetWorkFactor(noStretching)
	sealed, err := age.Encrypt(w, to)
	if err != nil {
		return fmt.Errorf("encrypt: %w", err)
	}
	if _, err := io.Copy(sealed, r); err != nil {
		return fmt.Errorf("encrypt: %w", err)
	}
	return sealed.Close()
}

func decrypt(r io.Reader, secret string) (io.Reader, error) {
	by, err := age.NewScryptIdentity(secret)
	if err != nil {
		return nil, fmt.Errorf("decrypt: %w", err)
	}
	by.SetMaxWorkFactor(noStretching)
	plain, err := age.Decrypt(r, by)
	if err != nil {
		return nil, fmt.Errorf("decrypt: %w", err)
	}
	return plain, nil
}

// shipSealed stores what open reads under a digest, encrypted, if it is not there. Of several at the same time one stores it. known says that it is
// there, as another may have seen to meanwhile; nil, or no, asks the server.
func (c *Conn) shipSealed(ctx context.Context, stream, prefix, secret string, known func() bool, open func() (io.ReadCloser, error)) (err error) {
	land, err := c.shipping.alone(ctx, prefix)
	if err != nil {
		return err
	}
	defer land()
	if known != nil && known() {
		return nil
	}
	var there bool
	if err := c.retry(ctx, DefaultRenewal, func(ctx context.Context) (err error) {
		there, err = c.hasWhole(ctx, stream, prefix)
		return err
	}); err != nil || there {
		return err
	}
	r, err := open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	pr, pw := io.Pipe()
	go func() { pw.CloseWithError(encrypt(pw, r, secret)) }()
	defer func() { _ = pr.Close() }()
	return c.putWhole(ctx, DefaultRenewal, prefix, pr)
}

// payload reads a job's plan.
func (c *Conn) payload(ctx context.Context, j job) ([]byte, error) {
	// An encrypted file is a little longer.
	r, err := c.openWhole(ctx, DefaultRenewal, streamPlans, subject(prefixPlan, j.Coordinator, j.Plan), MaxPayload+MaxPayload/64)
	if err != nil {
		return nil, fmt.Errorf("read the plan: %w", err)
	}
	if r, err = decrypt(r, j.Secret); err != nil {
		return nil, fmt.Errorf("read the plan: %w", err)
	}
	var data bytes.Buffer
	if _, err := io.Copy(&data, io.LimitReader(r, MaxPayload+1)); err != nil {
		return nil, fmt.Errorf("read the plan: %w", err)
	}
	if got := sha256Hex(data.Bytes()); got != j.Plan {
		return nil, fmt.Errorf("read the plan: it is %s, not %s", got, j.Plan)
	}
	return data.Bytes(), nil
}

// maxImage bounds an image: 1 TiB, which no disk of ours takes before the server's limit is reached.
const maxImage = 1 << 40

// imageGone begins what is said of an image that was shipped and is not there any more.
const imageGone = "what was sent of the image is not on the fleet's server any more"

// ImageGone reports whether a worker says that it did not execute a task for want of an image that had been shipped, and has expired or
// was lost with the server's disk since.
func ImageGone(reason string) bool { return strings.Contains(reason, imageGone) }

// image opens an image of a job.
func (c *Conn) image(ctx context.Context, j job, digest string) (io.ReadCloser, error) {
	failed := func(err error) error {
		if errors.Is(err, errNotFound) {
			err = fmt.Errorf("%s, and is sent again: %w", imageGone, err)
		}
		return fmt.Errorf("image %s: %w", digest, err)
	}
	secret, ok := j.Secrets[digest]
	if !ok {
		return nil, fmt.Errorf("image %s: it was not shipped with this task", digest)
	}
	r, err := c.openWhole(ctx, DefaultRenewal, streamImages, subject(prefixImage, j.Coordinator, digest), maxImage)
	if err != nil {
		return nil, failed(err)
	}
	if r, err = decrypt(r, secret); err != nil {
		return nil, failed(err)
	}
	return io.NopCloser(&failingReader{newDigestReader(r, digest), failed}), nil
}

// failingReader says of what it reads what an error of that means.
type failingReader struct {
	io.Reader
	failed func(error) error
}

func (r *failingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = r.failed(err)
	}
	return n, err
}
