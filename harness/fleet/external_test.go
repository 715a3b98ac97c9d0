package fleet_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/jwt/v2"
	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/reprise-lab/reprise/harness/fleet"
)

// TestExternalServer: any JetStream server will do; the first coordinator sets it up, for workers that were there before.
func TestExternalServer(t *testing.T) {
	pair := seed(t)
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	text, err := pair.Seed()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "user.nk")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := natsserver.NewServer(&natsserver.Options{
		Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(),
		Nkeys: []*natsserver.NkeyUser{{Nkey: public}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(within) {
		t.Fatal("the server does not answer")
	}
	env := map[string]string{"NATS_URL": s.ClientURL(), "NATS_NKEY": file}
	access := fleet.Access{}.WithEnvironment(func(name string) string { return env[name] })
	if _, err := fleet.Dial(t.Context(), fleet.Access{URL: s.ClientURL()}); err == nil {
		t.Error("the server lets in who has no key")
	}
	w := startWorker(t, access, newExecutor("host", 2), fleet.WorkerOptions{})
	eventually(t, "the worker says what it waits for", func() bool { return len(w.Log()) > 0 })
	// Its signing key is its own, not the one of its user.
	c := join(t, dial(t, access), "work", fleet.CoordinatorOptions{})
	plan := []byte("plan")
	start := time.Now()
	if diff := cmp.Diff(local(plan, 10, 0), series(t, c, plan, 10, 4)); diff != "" {
		t.Errorf("(-local +fleet):\n%s", diff)
	}
	if took := time.Since(start); took > 3*fleet.DefaultRenewal {
		t.Errorf("ten trials took %s", took)
	}
	if err := fleet.RemoveWorker(t.Context(), dial(t, access), w.conn.PublicKey()); err != nil {
		t.Errorf("a server that enrols nobody: %v", err)
	}
}

// authority signs certificates for 127.0.0.1 of servers, and of clients.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	file        string // its certificate, PEM
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{key: key, file: filepath.Join(t.TempDir(), "ca.pem")}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority of the lab"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	writePEM(t, a.file, "CERTIFICATE", der)
	return a
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sign gives a key and its certificate, and the files that have them.
func (a *authority) sign(t *testing.T, name string) (pair tls.Certificate, cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, private.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePEM(t, cert, "CERTIFICATE", der)
	writePEM(t, key, "PRIVATE KEY", secret)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, cert, key
}

// operator signs accounts, as the one of a NATS server does.
type operator struct {
	pair     nkeys.KeyPair
	resolver *natsserver.MemAccResolver
}

func (o *operator) public(t *testing.T) string {
	t.Helper()
	public, err := o.pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return public
}

// account makes an account that may store, or one that may not.
func (o *operator) account(t *testing.T, stores bool) (pair nkeys.KeyPair, public string) {
	t.Helper()
	pair, err := nkeys.CreateAccount()
	if err != nil {
		t.Fatal(err)
	}
	if public, err = pair.PublicKey(); err != nil {
		t.Fatal(err)
	}
	claims := jwt.NewAccountClaims(public)
	if stores {
		claims.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: jwt.NoLimit, DiskStorage: jwt.NoLimit, Streams: jwt.NoLimit, Consumer: jwt.NoLimit}
	}
	text, err := claims.Encode(o.pair)
	if err == nil {
		err = o.resolver.Store(public, text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return pair, public
}

// credentials is the file of a new user of an account.
func credentials(t *testing.T, account nkeys.KeyPair) string {
	t.Helper()
	user := seed(t)
	public, err := user.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.NewUserClaims(public).Encode(account)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := user.Seed()
	if err != nil {
		t.Fatal(err)
	}
	decorated, err := jwt.FormatUserConfig(text, secret)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "user.creds")
	if err := os.WriteFile(file, decorated, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestExternalAccounts: a server of others with TLS for both sides, accounts and credentials files. A fleet is of one account: those of
// another see nothing of it and have one of their own.
func TestExternalAccounts(t *testing.T) {
	pair, err := nkeys.CreateOperator()
	if err != nil {
		t.Fatal(err)
	}
	o, ca := &operator{pair: pair, resolver: &natsserver.MemAccResolver{}}, newAuthority(t)
	_, system := o.account(t, false)
	lab, _ := o.account(t, true)
	others, _ := o.account(t, true)
	stranger, err := nkeys.CreateAccount() // which the operator has not signed
	if err != nil {
		t.Fatal(err)
	}
	own, _, _ := ca.sign(t, "server")
	_, cert, key := ca.sign(t, "client")
	pool := x509.NewCertPool()
	pool.AddCert(ca.certificate)
	s, err := natsserver.NewServer(&natsserver.Options{
		Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(),
		TLS: true, TLSTimeout: 5, TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool},
		TrustedKeys: []string{o.public(t)}, AccountResolver: o.resolver, SystemAccount: system,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(within) {
		t.Fatal("the server does not answer")
	}
	access := func(account nkeys.KeyPair) fleet.Access {
		env := map[string]string{
			"NATS_URL": "tls://" + s.Addr().String(), "NATS_CREDS": credentials(t, account), "NATS_CA": ca.file, "NATS_CERT": cert, "NATS_KEY": key,
		}
		return fleet.Access{}.WithEnvironment(func(name string) string { return env[name] })
	}
	for name, change := range map[string]func(*fleet.Access){
		"without its authority":     func(a *fleet.Access) { a.CA = "" },
		"without a certificate":     func(a *fleet.Access) { a.Cert, a.Key = "", "" },
		"without credentials":       func(a *fleet.Access) { a.Credentials = "" },
		"of an account of nobody's": func(a *fleet.Access) { a.Credentials = credentials(t, stranger) },
	} {
		a := access(lab)
		change(&a)
		if c, err := fleet.Dial(t.Context(), a); err == nil {
			c.Close()
			t.Errorf("%s: the server lets in who comes", name)
		} else if strings.Contains(name, "nobody") && !errors.Is(err, fleet.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	startWorker(t, access(lab), newExecutor("host", 2), fleet.WorkerOptions{})
	c := join(t, dial(t, access(lab)), "work", fleet.CoordinatorOptions{})
	plan := []byte("plan")
	if diff := cmp.Diff(local(plan, 10, 0), series(t, c, plan, 10, 4)); diff != "" {
		t.Errorf("(-local +fleet):\n%s", diff)
	}
	if _, err := fleet.ReadStatus(t.Context(), dial(t, access(others))); !errors.Is(err, fleet.ErrNotSetUp) {
		t.Errorf("another account reads the fleet's status: %v", err)
	}
	theirs := join(t, dial(t, access(others)), "work", fleet.CoordinatorOptions{}) // one work of two fleets
	if w := theirs.Workers(); len(w) != 0 || len(c.Workers()) != 1 {
		t.Errorf("another account has %d workers, and this one %d", len(w), len(c.Workers()))
	}
}

// TestCluster: a cluster of three servers that somebody runs, of which each is connected to by somebody. One after the other is ended and started
// again, as for an upgrade.
func TestCluster(t *testing.T) {
	cluster := startCluster(t, 3)
	urls := func(first int) string { // all, from one on
		var list []string
		for i := range cluster {
			list = append(list, cluster[(first+i)%len(cluster)].url())
		}
		return strings.Join(list, ",")
	}
	for i := range 2 {
		e := newExecutor(fmt.Sprintf("host%d", i), 1)
		e.takes = 30 * time.Millisecond
		startWorker(t, fleet.Access{URL: urls(i)}, e, fleet.WorkerOptions{})
	}
	c := join(t, dial(t, fleet.Access{URL: urls(2)}), "work", fleet.CoordinatorOptions{})
	for n, member := range cluster {
		plan := fmt.Appendf(nil, "plan %d", n)
		over := make(chan struct{})
		go func() {
			defer close(over)
			member.restart(t)
		}()
		got := seriesFrom(t, c, plan, 100*n, 30)
		<-over
		if diff := cmp.Diff(local(plan, 30, 0), got); diff != "" {
			t.Errorf("server %d (-local +fleet):\n%s", n, diff)
		}
		awaitCluster(t, cluster)
	}
}

// clustered is a server of a cluster.
type clustered struct {
	options natsserver.Options
	*natsserver.Server
}

func (c *clustered) url() string { return fmt.Sprintf("nats://127.0.0.1:%d", c.options.Port) }

func (c *clustered) start(t *testing.T) {
	t.Helper()
	o := c.options
	s, err := natsserver.NewServer(&o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	c.Server = s
}

func (c *clustered) end() {
	c.Shutdown()
	c.WaitForShutdown()
}

func (c *clustered) restart(t *testing.T) {
	t.Helper()
	c.end()
	c.start(t)
}

func startCluster(t *testing.T, servers int) []*clustered {
	t.Helper()
	ports := freePorts(t, 2*servers)
	var routes []string
	for _, port := range ports[servers:] {
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", port))
	}
	var list []*clustered
	for i := range servers {
		c := &clustered{options: natsserver.Options{
			ServerName: fmt.Sprintf("s%d", i), Host: "127.0.0.1", Port: ports[i], NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(),
			Cluster: natsserver.ClusterOpts{Name: "lab", Host: "127.0.0.1", Port: ports[servers+i]}, Routes: natsserver.RoutesFromStr(strings.Join(routes, ",")),
		}}
		c.start(t)
		t.Cleanup(c.end)
		list = append(list, c)
	}
	awaitCluster(t, list)
	return list
}

// awaitCluster waits until all servers know each other, and one leads.
func awaitCluster(t *testing.T, list []*clustered) {
	t.Helper()
	eventually(t, "the cluster is there", func() bool {
		leads := func(c *clustered) bool { return c.JetStreamIsLeader() }
		lags := func(c *clustered) bool { return !c.JetStreamIsCurrent() || c.NumRoutes() == 0 }
		return slices.ContainsFunc(list, leads) && !slices.ContainsFunc(list, lags)
	})
}

// freePorts are ports that nobody listens at.
func freePorts(t *testing.T, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() //nolint:errcheck // it was only opened for its number
		_, text, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		port := 0
		if _, err := fmt.Sscan(text, &port); err != nil {
			t.Fatal(err)
		}
		ports = append(ports, port)
	}
	return ports
}
