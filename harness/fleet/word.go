package fleet

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"github.com/nats-io/nkeys"
)

// A word is what coordinators say to workers and to the server: a lease, a cancellation, needs, a request. It is
//
//	KEY SIGNATURE\nBODY
//
// with the public nkey of who says it and an Ed25519 signature (base64) over subject and body. The
// permissions to publish do not do, for they do not bound the reply subject of a request: whoever may ask a server
// anything can have its answer published on any subject, by the server. An answer is no word, and a word that
// the server has says nothing on another subject.
func signWord(pair nkeys.KeyPair, subject string, body []byte) ([]byte, error) {
	key, err := pair.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", subject, err)
	}
	signature, err := pair.Sign(word(subject, body))
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", subject, err)
	}
	return fmt.Appendf(nil, "%s %s\n%s", key, base64.StdEncoding.EncodeToString(signature), body), nil
}

func word(subject string, body []byte) []byte {
	return append([]byte("reprise fleet word v1\n"+subject+"\n"), body...)
}

// readWord is what stands on a subject and who said it. The error is errForged when nobody did.
func readWord(subject string, data []byte) (by string, body []byte, err error) {
	head, body, found := bytes.Cut(data, []byte("\n"))
	key, text, both := bytes.Cut(head, []byte(" "))
	if !found || !both {
		return "", nil, fmt.Errorf("read %s: %w: it is not signed", subject, errForged)
	}
	by = string(key)
	if err := checkKey(by); err != nil {
		return "", nil, fmt.Errorf("read %s: %w: %w", subject, errForged, err)
	}
	signature, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		return "", nil, fmt.Errorf("read %s: %w: signature: %w", subject, errForged, err)
	}
	public, err := nkeys.FromPublicKey(by)
	if err != nil {
		return "", nil, fmt.Errorf("read %s: %w: %w", subject, errForged, err)
	}
	if err := public.Verify(word(subject, body), signature); err != nil {
		return "", nil, fmt.Errorf("read %s: %w: signature: %w", subject, errForged, err)
	}
	return by, body, nil
}
