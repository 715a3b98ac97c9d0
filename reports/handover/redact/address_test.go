package redact_test

import (
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"github.com/reprise-lab/reprise/reports/handover/redact"
)

func shared(a, b netip.Addr) int {
	x, y := a.AsSlice(), b.AsSlice()
	for i := range len(x) * 8 {
		if (x[i/8]^y[i/8])>>(7-i%8)&1 == 1 {
			return i
		}
	}
	return len(x) * 8
}

func addr4(t *rapid.T, name string) netip.Addr {
	return netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, name)))
}

// TestAddressProperties: injective, prefix-preserving, reversible, inside of its range.
func TestAddressProperties(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	rapid.Check(t, func(t *rapid.T) {
		a := addr4(t, "a")
		b := addr4(t, "b")
		if rapid.Bool().Draw(t, "near") { // share a beginning
			x, y := a.As4(), b.As4()
			copy(y[:rapid.IntRange(0, 3).Draw(t, "n")], x[:])
			b = netip.AddrFrom4(y)
		}
		ma, mb := r.Addr(a), r.Addr(b)
		if got, want := shared(ma, mb), shared(a, b); got != want {
			t.Fatalf("%s and %s share %d bits, %s and %s share %d", a, b, want, ma, mb, got)
		}
		if back := r.RealAddr(ma); back != a {
			t.Fatalf("%s became %s and then %s", a, ma, back)
		}
		for _, p := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "192.0.2.0/24", "224.0.0.0/4", "127.0.0.0/8"} {
			if q := netip.MustParsePrefix(p); q.Contains(a) != q.Contains(ma) {
				t.Fatalf("%s became %s, across the border of %s", a, ma, q)
			}
		}
	})
	seen := map[netip.Addr]netip.Addr{}
	rapid.Check(t, func(t *rapid.T) {
		raw := [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "v6"))
		switch rapid.IntRange(0, 4).Draw(t, "kind") {
		case 0:
			raw[11], raw[12] = 0xff, 0xfe
		case 1:
			raw[0], raw[1] = 0x20, 0x01
			clear(raw[8:15])
		case 2:
			raw[0], raw[1] = 0xfe, 0x80
			clear(raw[2:8])
		}
		a := netip.AddrFrom16(raw)
		m := r.Addr(a)
		if back := r.RealAddr(m); back != a {
			t.Fatalf("%s became %s and then %s", a, m, back)
		}
		if other, ok := seen[m]; ok && other != a {
			t.Fatalf("%s and %s both became %s", a, other, m)
		}
		seen[m] = a
	})
}

func TestAddressesKept(t *testing.T) {
	r := newRedactor(t, redact.Options{KeepPrefixes: []netip.Prefix{netip.MustParsePrefix("10.9.0.0/16")}})
	for _, s := range []string{
		"0.0.0.0", "255.255.255.255", "255.255.252.0", "0.0.0.255", "127.0.0.1", "224.0.0.5", "239.1.1.1", "10.9.3.4",
		"::", "::1", "ff02::5", "fe80::1", "ff02::1:2",
	} {
		if got := r.Addr(netip.MustParseAddr(s)); got.String() != s {
			t.Errorf("%s became %s", s, got)
		}
	}
	for _, s := range []string{"10.1.2.3", "8.8.8.8", "2001:4860:4860::8888", "fd00:1::1", "fe80::204:96ff:feab:cd07"} {
		if got := r.Addr(netip.MustParseAddr(s)); got.String() == s {
			t.Errorf("%s stayed", s)
		}
	}
}

// TestOneIdentityEverywhere: a MAC, the link-local address made of it and its solicited
// node have the same end.
func TestOneIdentityEverywhere(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	out := string(r.Text("x.txt", []byte("00:04:96:ab:cd:07 0004.96ab.cd07 00-04-96-AB-CD-07 fe80::204:96ff:feab:cd07%eth0 ff02::1:ffab:cd07 33:33:ff:ab:cd:07\n")))
	var a, b, c string
	if n := len(out); n == 0 {
		t.Fatal("empty")
	}
	fields := splitFields(out)
	a, b, c = fields[0][9:], fields[1][7:], fields[2][9:]
	if a[:2]+"-"+a[3:5]+"-"+a[6:] != lower(c) || a[:2]+b[2:3] != b[:2]+b[2:3] || b != a[:2]+"."+a[3:5]+a[6:] {
		t.Errorf("%q", out)
	}
	if tail := a[:2] + ":" + a[3:5] + a[6:]; fields[4] != "ff02::1:ff"+tail || fields[3] != "fe80::204:96ff:fe"+tail+"%eth0" || fields[5][9:] != a {
		t.Errorf("%q, want the end %s", out, tail)
	}
}

// TestNameProperties: the same shape, and the key alone tells the name.
func TestNameProperties(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	seen := map[string]string{}
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.StringMatching(`[a-z0-9é][a-z0-9._-]{0,24}`).Draw(t, "name")
		m := r.Name(v)
		if len(m) != len(v) {
			t.Fatalf("%q became %q", v, m)
		}
		if back := r.RealName(m); back != v {
			t.Fatalf("%q became %q and then %q", v, m, back)
		}
		if other, ok := seen[m]; ok && other != v {
			t.Fatalf("%q and %q both became %q", v, other, m)
		}
		seen[m] = v
	})
}
