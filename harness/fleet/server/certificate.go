package server

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/reprise-lab/reprise/harness/fleet"
)

// loadCertificate reads the server's certificate and key, and makes them when they are not there. Clients pin the
// certificate itself, so that neither names nor dates in it are asked for.
func loadCertificate(dir string) (tls.Certificate, error) {
	path := filepath.Join(dir, "server.pem")
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		if data, err = makeCertificate(); err == nil {
			err = writePrivate(path, data)
		}
	}
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("the server's certificate: %w", err)
	}
	c, err := tls.X509KeyPair(data, data)
	if err != nil {
		return c, fmt.Errorf("the server's certificate %s: %w; remove the file, and another is made: then all URLs change", path, err)
	}
	return c, nil
}

func makeCertificate() ([]byte, error) {
	c, err := fleet.NewCertificate()
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		return nil, fmt.Errorf("encode the key: %w", err)
	}
	return append(
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...), nil
}

func serverTLS(c tls.Certificate) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{c}}
}
