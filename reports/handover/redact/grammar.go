package redact

import "strings"

// Rule names what a replacement was made for. Reports count by it.
type Rule string

// Rules.
const (
	RuleSecret   Rule = "secret"       // in a place where a platform's grammar has a secret
	RuleValue    Rule = "known-value"  // a secret or name that was learned elsewhere
	RuleName     Rule = "name"         // host, user, contact, location, domain, in its place
	RuleSerial   Rule = "serial"       // serial numbers
	RuleHash     Rule = "hash"         // $n$..., wherever it stands
	RuleKeyBlock Rule = "key-material" // PEM, ssh keys, certificate bodies
	RuleURL      Rule = "url"          // user:password@ in addresses
	RuleToken    Rule = "token"        // JWTs
	RuleMail     Rule = "mail"         // mail addresses
	RuleIPv4     Rule = "ipv4"
	RuleIPv6     Rule = "ipv6"
	RuleMAC      Rule = "mac"
	RuleASN      Rule = "as-number"
	RuleRegion   Rule = "capture-field" // in a packet, where its protocol says what it is
)

// term is what one keyword introduces.
type term struct {
	rule Rule
	// within: at least one of these words stands before on the line.
	within []string
	// not: none of these does.
	not []string
	// random: prose uses the word too, so the value must be quoted or look like no word.
	random bool
	// assigned: only with = or : between.
	assigned bool
	// loose: never with = or :, where it names a digest and no secret.
	loose bool
	// rest: the value is the rest of the line.
	rest bool
	// block: lines of hex follow.
	block bool
	// ending: the word is the end of a longer one, so that a = must follow, or the value be
	// quoted or look like no word, or the line have nothing else.
	ending bool
	// said: prose uses the word, but not before a = or as the only one of its line.
	said bool
}

// terms is the grammar of secrets and names of EXOS, VOSS, IOS, Junos, EOS and FRR, and
// of the files around them, by the word that stands before the value. What may stand
// between is in fillers. The forms are those of the vendors' command references; RANCID
// and netconan list many of them.
//
//nolint:gochecknoglobals // a table that is only read
var terms = map[string]term{
	// Words that are followed by a secret whatever stands before.
	"password": {rule: RuleSecret}, "passwd": {rule: RuleSecret}, "passphrase": {rule: RuleSecret}, "pwd": {rule: RuleSecret, assigned: true}, "pw": {rule: RuleSecret, assigned: true, random: true},
	"secret": {rule: RuleSecret}, "shared-secret": {rule: RuleSecret}, "sharedsecret": {rule: RuleSecret}, "pass": {rule: RuleSecret, assigned: true, random: true},
	"encrypted-password": {rule: RuleSecret}, "plain-text-password": {rule: RuleSecret}, "plain-text-password-value": {rule: RuleSecret},
	"simple-password": {rule: RuleSecret}, "area-password": {rule: RuleSecret}, "domain-password": {rule: RuleSecret},
	"ascii-text": {rule: RuleSecret}, "hexadecimal": {rule: RuleSecret, random: true}, "key-string": {rule: RuleSecret},
	"authentication-key": {rule: RuleSecret}, "message-digest-key": {rule: RuleSecret}, "server-key": {rule: RuleSecret}, "auth-key": {rule: RuleSecret}, "privacy-key": {rule: RuleSecret}, "hello-authentication-key": {rule: RuleSecret},
	"pre-shared-key": {rule: RuleSecret}, "preshared-key": {rule: RuleSecret}, "psk": {rule: RuleSecret, random: true, said: true}, "wpa-psk": {rule: RuleSecret},
	"rocommunity": {rule: RuleSecret, assigned: true}, "rwcommunity": {rule: RuleSecret, assigned: true}, "rocommunity6": {rule: RuleSecret, assigned: true}, "rwcommunity6": {rule: RuleSecret, assigned: true},
	"snmp-communities": {rule: RuleSecret, assigned: true}, "community-strings": {rule: RuleSecret, assigned: true},
	"auth-secondary": {rule: RuleSecret, assigned: true}, "auk": {rule: RuleSecret, assigned: true, within: []string{"aut"}},
	"psk-value": {rule: RuleSecret}, "password-value": {rule: RuleSecret}, "secret-value": {rule: RuleSecret}, "passphrase-value": {rule: RuleSecret}, "pwd-value": {rule: RuleSecret},
	"hello-password": {rule: RuleSecret}, "lsp-password": {rule: RuleSecret}, "authentication-password": {rule: RuleSecret}, "privacy-password": {rule: RuleSecret},
	"localized-key": {rule: RuleSecret}, "localizedkey": {rule: RuleSecret}, "cak": {rule: RuleSecret}, "ckn": {rule: RuleSecret},
	"connectivity-association-key": {rule: RuleSecret}, "authkey": {rule: RuleSecret}, "privkey": {rule: RuleSecret},
	"config-key": {rule: RuleSecret}, "private-key": {rule: RuleSecret, random: true}, "api-key": {rule: RuleSecret}, "apikey": {rule: RuleSecret},
	"access-key": {rule: RuleSecret, random: true}, "secret-key": {rule: RuleSecret}, "token": {rule: RuleSecret, random: true},
	"cvauth": {rule: RuleSecret}, "auth-token": {rule: RuleSecret}, "bearer": {rule: RuleSecret, random: true},
	"basic": {rule: RuleSecret, within: []string{"authorization"}}, "hmac-md5": {rule: RuleSecret, random: true}, "cleartext": {rule: RuleSecret, random: true},
	"encrypted": {rule: RuleSecret, random: true}, "auth-encrypted": {rule: RuleSecret, random: true}, "privacy-encrypted": {rule: RuleSecret, random: true},
	"sha512": {rule: RuleSecret, loose: true, random: true}, "8a": {rule: RuleSecret, random: true}, "credentials": {rule: RuleSecret, random: true},
	"authentication-md5": {rule: RuleSecret}, "authentication-sha": {rule: RuleSecret}, "privacy-des": {rule: RuleSecret}, "privacy-aes128": {rule: RuleSecret},
	"ah-key": {rule: RuleSecret}, "esp-key": {rule: RuleSecret}, "nas-secret": {rule: RuleSecret}, "license-key": {rule: RuleSecret},
	"activation-key": {rule: RuleSecret}, "voucher": {rule: RuleSecret, random: true},
	// Words whose line says whether.
	"key":  {rule: RuleSecret, not: []string{"public key", "host key", "key chain", "key-chain", "no key", "generate", "zeroize", "foreign", "primary"}},
	"hmac": {rule: RuleSecret, random: true}, "md5": {rule: RuleSecret, loose: true, random: true, not: []string{"md5 sum", "verify", "image", "file"}},
	"auth":           {rule: RuleSecret, within: []string{"snmp", "usm", "v3"}},
	"priv":           {rule: RuleSecret, within: []string{"snmp", "usm", "v3", "auth "}},
	"sha":            {rule: RuleSecret, within: []string{"snmp"}},
	"aes":            {rule: RuleSecret, within: []string{"snmp"}},
	"des":            {rule: RuleSecret, within: []string{"snmp"}},
	"privacy":        {rule: RuleSecret, within: []string{"snmp", "usm"}},
	"authentication": {rule: RuleSecret, within: []string{"snmp", "standby", "vrrp", "glbp", "nhrp", " rip ", "usm"}, not: []string{"enable traps", "authentication-"}},
	"text":           {rule: RuleSecret, within: []string{"authentication", "standby", "vrrp"}},
	"string":         {rule: RuleSecret, within: []string{"authentication"}},
	"isakmp":         {rule: RuleSecret, within: []string{"isakmp key"}},
	"sha256":         {rule: RuleSecret, loose: true, within: []string{"message-digest-key", "authentication", "password", "auth", "secret", "key "}, random: true},
	"community": {
		rule: RuleSecret, within: []string{"snmp", "trap", "{", "community:"},
		not: []string{"policy-options", "set community", "match community", "send-community", "policy-statement", "routing", "extended community", "large community"},
	},
	"passwords": {rule: RuleSecret, assigned: true}, "secrets": {rule: RuleSecret, assigned: true}, "communities": {rule: RuleSecret, assigned: true, within: []string{"snmp", "communities"}},
	"passphrases": {rule: RuleSecret, assigned: true}, "passwort": {rule: RuleSecret, assigned: true}, "kennwort": {rule: RuleSecret, assigned: true}, "contraseña": {rule: RuleSecret, assigned: true},
	"пароль": {rule: RuleSecret, assigned: true}, "Пароль": {rule: RuleSecret, assigned: true}, "パスワード": {rule: RuleSecret, assigned: true}, "密码": {rule: RuleSecret, assigned: true}, "密碼": {rule: RuleSecret, assigned: true},
	"비밀번호": {rule: RuleSecret, assigned: true}, "contrasena": {rule: RuleSecret, assigned: true}, "hasło": {rule: RuleSecret, assigned: true}, "heslo": {rule: RuleSecret, assigned: true}, "parola": {rule: RuleSecret, assigned: true},
	"lösenord": {rule: RuleSecret, assigned: true}, "passord": {rule: RuleSecret, assigned: true}, "adgangskode": {rule: RuleSecret, assigned: true}, "salasana": {rule: RuleSecret, assigned: true}, "jelszó": {rule: RuleSecret, assigned: true},
	"nxapi-auth": {rule: RuleSecret, assigned: true}, "apic-cookie": {rule: RuleSecret, assigned: true}, "password-hashed": {rule: RuleSecret, random: true}, "phash": {rule: RuleSecret, random: true},
	"authpwd": {rule: RuleSecret}, "privpwd": {rule: RuleSecret}, "snmp-community-string": {rule: RuleSecret},
	"encrypted-key": {rule: RuleSecret, random: true}, "key-value": {rule: RuleSecret, random: true}, "password-string": {rule: RuleSecret}, "pass-phrase": {rule: RuleSecret}, "pmk": {rule: RuleSecret, random: true},
	"admin-passwd": {rule: RuleSecret}, "text-authentication": {rule: RuleSecret}, "community-string": {rule: RuleSecret, assigned: true}, "essid": {rule: RuleName, random: true},
	"senha": {rule: RuleSecret, assigned: true}, "wachtwoord": {rule: RuleSecret, assigned: true}, "passe": {rule: RuleSecret, assigned: true, within: []string{"mot de passe"}},
	"passcode": {rule: RuleSecret, assigned: true}, "shared-key": {rule: RuleSecret}, "ingestauth": {rule: RuleSecret}, "community-name": {rule: RuleSecret}, "input": {rule: RuleSecret, assigned: true, within: []string{"\"cmd\":\"enable", "\"cmd\": \"enable"}},
	"sig": {rule: RuleSecret, assigned: true, random: true, within: []string{"?sig", "&sig"}}, "signature": {rule: RuleSecret, assigned: true, random: true, within: []string{"?signature", "&signature"}},
	"x-amz-signature": {rule: RuleSecret, assigned: true}, "x-goog-signature": {rule: RuleSecret, assigned: true}, "x-amz-security-token": {rule: RuleSecret, assigned: true},
	"code":      {rule: RuleSecret, assigned: true, random: true, within: []string{"?code", "&code"}},
	"sshpass":   {rule: RuleSecret, assigned: true},
	"psksecret": {rule: RuleSecret}, "ppk-secret": {rule: RuleSecret}, "auth-pwd": {rule: RuleSecret}, "priv-pwd": {rule: RuleSecret}, "password-hash": {rule: RuleSecret, random: true},
	"encrypted-secret": {rule: RuleSecret, random: true}, "idtoken": {rule: RuleSecret, random: true},
	"encrypted-auth": {rule: RuleSecret}, "ipsec-key": {rule: RuleSecret}, "trunk-key": {rule: RuleSecret}, "session-key": {rule: RuleSecret}, "encryption-key": {rule: RuleSecret, random: true},
	"auth-password": {rule: RuleSecret}, "priv-password": {rule: RuleSecret}, "auth-pass": {rule: RuleSecret, not: []string{"sentinel"}}, "priv-pass": {rule: RuleSecret}, "passkey": {rule: RuleSecret},
	"authpass": {rule: RuleSecret}, "privpass": {rule: RuleSecret}, "cryptopass": {rule: RuleSecret}, "authpasswd": {rule: RuleSecret}, "keystring": {rule: RuleSecret}, "md5-key": {rule: RuleSecret, random: true, said: true},
	"private-key-password": {rule: RuleSecret}, "pre-shared-secret": {rule: RuleSecret}, "secret-key-hashed": {rule: RuleSecret, assigned: true}, "x-wep": {rule: RuleSecret, assigned: true},
	"primary-cak": {rule: RuleSecret, assigned: true}, "primary-ckn": {rule: RuleSecret, assigned: true}, "fallback-cak": {rule: RuleSecret, assigned: true}, "fallback-ckn": {rule: RuleSecret, assigned: true},
	"text-name": {rule: RuleSecret, assigned: true}, "update-value": {rule: RuleSecret, within: []string{"secret", "password", "-key", "community"}}, "x-session-id": {rule: RuleSecret, assigned: true, random: true},
	"pkcs12": {rule: RuleSecret, assigned: true, random: true}, "pfx": {rule: RuleSecret, assigned: true, random: true}, "p12": {rule: RuleSecret, assigned: true, random: true},
	"private-mac": {rule: RuleSecret, assigned: true}, "from-literal": {rule: RuleSecret, assigned: true, random: true}, "tokens": {rule: RuleSecret, assigned: true, random: true},
	"totp": {rule: RuleSecret, assigned: true, random: true}, "otp": {rule: RuleSecret, assigned: true, random: true}, "seed": {rule: RuleSecret, assigned: true, random: true},
	"pre-share-key": {rule: RuleSecret}, "encrpt-key": {rule: RuleSecret}, "authentication-text": {rule: RuleSecret, random: true, said: true}, "encrypted-cak": {rule: RuleSecret},
	"snmp-rocommunity": {rule: RuleSecret, assigned: true}, "snmp-rwcommunity": {rule: RuleSecret, assigned: true}, "system-name": {rule: RuleName, assigned: true},
	"hexadecimal-string": {rule: RuleSecret, assigned: true, random: true}, "keymaterial": {rule: RuleSecret, assigned: true}, "enablepass": {rule: RuleSecret, assigned: true}, "snmpro": {rule: RuleSecret, assigned: true}, "snmprw": {rule: RuleSecret, assigned: true}, "md5key": {rule: RuleSecret, assigned: true}, "wepkey1": {rule: RuleSecret, assigned: true},
	"clave": {rule: RuleSecret, assigned: true, random: true}, "şifre": {rule: RuleSecret, assigned: true}, "schluessel": {rule: RuleSecret, assigned: true, random: true}, "schlüssel": {rule: RuleSecret, assigned: true, random: true},
	// Keys that stand as such.
	"ssh-rsa": {rule: RuleKeyBlock}, "ssh-dss": {rule: RuleKeyBlock}, "ssh-dsa": {rule: RuleKeyBlock}, "ssh-ed25519": {rule: RuleKeyBlock}, "ssh-ecdsa": {rule: RuleKeyBlock},
	"ecdsa-sha2-nistp256": {rule: RuleKeyBlock}, "ecdsa-sha2-nistp384": {rule: RuleKeyBlock}, "ecdsa-sha2-nistp521": {rule: RuleKeyBlock},
	"certificate": {rule: RuleKeyBlock, block: true}, "key-data": {rule: RuleKeyBlock, block: true}, "key-hash": {rule: RuleKeyBlock}, "pregenerated": {rule: RuleKeyBlock, block: true, within: []string{"ssh2 key", "privkey"}},
	// Names.
	"hostname": {rule: RuleName}, "host-name": {rule: RuleName}, "sysname": {rule: RuleName}, "switchname": {rule: RuleName}, "nodename": {rule: RuleName},
	"device-name": {rule: RuleName}, "systemname": {rule: RuleName}, "prompt": {rule: RuleName, random: true},
	"name": {rule: RuleName, within: []string{
		"snmp-server name", "sys name", "system name", "domain name", "domain-name", "host name", "switch name", "user name", "device name", "security-name", "add community",
	}},
	"domain-name": {rule: RuleName}, "domain-suffix": {rule: RuleName}, "domain-search": {rule: RuleName}, "domain": {rule: RuleName, within: []string{"dns-client add domain"}},
	"username": {rule: RuleName}, "user": {rule: RuleName, within: []string{"snmp", "create ", "configure ", "login user", "login {", "set system", "usm "}},
	"account": {rule: RuleName, within: []string{"create account", "configure account", "delete account"}},
	"login":   {rule: RuleName, assigned: true, random: false}, "device-id": {rule: RuleName},
	"full-name": {rule: RuleName}, "common-name": {rule: RuleName}, "fqdn": {rule: RuleName}, "organization": {rule: RuleName, within: []string{" ssl ", "subject", "csr", "certificate"}},
	"org":          {rule: RuleName, within: []string{"common-name"}},
	"logged-in-as": {rule: RuleName}, "syscontact": {rule: RuleName, rest: true}, "syslocation": {rule: RuleName, rest: true},
	"contact":  {rule: RuleName, rest: true, within: []string{"snmp", "contact:", "system contact", "contact \"", "contact '"}},
	"location": {rule: RuleName, rest: true, within: []string{"snmp", "location:", "system location", "location \"", "location '"}},
	// Serial numbers.
	"serial": {rule: RuleSerial}, "serialnumber": {rule: RuleSerial}, "serial-number": {rule: RuleSerial}, "serialno": {rule: RuleSerial}, "serial-num": {rule: RuleSerial},
	"serialnum": {rule: RuleSerial}, "sn": {rule: RuleSerial, random: true}, "s/n": {rule: RuleSerial}, "board": {rule: RuleSerial, within: []string{"processor board"}},
	"engine-id": {rule: RuleSerial}, "engineid": {rule: RuleSerial},
}

// asTerms introduce AS numbers.
//
//nolint:gochecknoglobals // a table that is only read
var asTerms = map[string]term{
	"remote-as": {rule: RuleASN}, "local-as": {rule: RuleASN}, "peer-as": {rule: RuleASN}, "as-number": {rule: RuleASN}, "autonomous-system": {rule: RuleASN},
	"remote-as-number": {rule: RuleASN}, "as": {rule: RuleASN, within: []string{"bgp", "remote", "local"}}, "bgp": {rule: RuleASN, within: []string{"router bgp"}},
}

// keyLines are words before "key" on lines of configuration that hold one.
//
//nolint:gochecknoglobals // a table that is only read
var keyLines = []string{
	"radius", "tacacs", "isakmp", "ikev2", "auth", "server", "ntp", "ospf", "isis", "hmac", "md5", "sha", "psk", "ipsec", "macsec", "mka", "chain", "snmp", "wpa", "tunnel",
}

// fillers may stand between the keyword and its value.
//
//nolint:gochecknoglobals // a table that is only read
var fillers = set(`encrypted hash cleartext clear ascii-text ascii hex hexadecimal md5 sha sha1 sha-1 sha224 sha-224 sha256 sha-256 sha384 sha-384 sha512 sha-512
	hmac hmac-md5 hmac-sha hmac-sha-1 hmac-sha-256 hmac-sha1 hmac-sha256 string type text plain plaintext plain-text simple key psk aes des 3des aes128 aes-128 aes192 aes256
	aes-256 aes-128-cfb 128 192 256 value local remote readonly readwrite read-only read-write ro rw is was set to auth-encrypted privacy-encrypted localized-key localized key-string
	auth priv noauth version v1 v2c v3 2c add id number num no # user-name user admin security-name add-user read write name authentication-key
	password secret lanman nt sha2 md5-key pbkdf2 primary secondary mgmt-access netlogin local-engine serial config-key community usm snmp-community hello-auth access-level rwa rwl rwl1 rwl2 rwl3 l1 l2 l3
	aes-128-cmac aes-256-cmac aes-cmac-128 algorithm ckn address-family shared-secret informs traps`)

// userFillers and accountFillers may stand between "user" or "account" and the name.
//
//nolint:gochecknoglobals // tables that are only read
var (
	userFillers    = set("name add delete usm local remote id is security-name login")
	accountFillers = set("admin user lawful-intercept")
)

// stops are words of prose or of a grammar that follow a keyword and are no value.
//
//nolint:gochecknoglobals // a table that is only read
var stops = set(`a an and any are as at be been but by can cannot command configured do does enabled disabled entry entries expired expires failed failure for from
	has have if in incorrect invalid is it its length login management may minimum maximum mandatory optional correct cached trusted untrusted must mismatch missing must needed needs new not of off on only or out policy
	prompt recovery required requires reset rotation since size strings that the then there this to too update updated used user using via wait was when will with
	without yes no none null nil true false default changed change changes accepted authentication authenticated authorization check exchange expiry generated generate zeroize import export
	history information keepalive lifetime lost method mode removed rejected denied chain encryption encrypted strength attempts never always {} [] { } ( ) | - -- , . ; ""
	è é är été está ist lautet di do da der des für pour para per van von voor ip
	members add additive absent present delete cache list matched unknown undefined unavailable show display type ...`)

// wellKnown are values that tell nothing: defaults that everybody knows and that a case
// may depend on, and words of the evidence's own format.
//
//nolint:gochecknoglobals // a table that is only read
var wellKnown = set(`public private admin administrator root user guest rwa ro rw rwl l1 l2 l3 readonly readwrite read-only read-write operator monitor console cli netconf
	ubuntu debian vagrant cumulus ec2-user shared postgres mysql www-data nginx
	not-advertised not-available readview writeview initialview
	switch router localhost default internal external unknown none all any snmp ssh telnet manager system test lab mgmt management initial initialmd5 initialsha
	initialmd5priv initialshapriv v1v2cnotifyuser v1v2c_ro v1v2c_rw password secret network-admin network-operator super-user super-users nobody daemon vty con
	core spine leaf access edge uplink border gateway server client vlan interface session address service peer neighbor link bridge fabric
	name host node nodes hostname device devices port ports command commands text string serial number frr bird linux exos voss ios eos junos`)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// suffixes make a field a keyword in an assignment: DB_PASSWORD=..., "_api_token".
//
//nolint:gochecknoglobals // a table that is only read
var suffixes = []string{
	"-password", "-passwd", "-passphrase", "-secret", "-token", "-apikey", "-api-key", "-psk", "-community", "-privatekey", "-private-key", "-pwd", "-pass", "-authpass", "-privpass", "-passwort", "-kennwort", "-schluessel", "-schlüssel",
	"-secret-key", "-signing-key", "-encryption-key", "-master-key", "-access-key", "-shared-key", "-auth-key", "-license-key", "-session-key", "-application-key", "-app-key", "-hmac-key", "-secret-key-base",
	"-cak", "-ckn", "-preshared-key", "-pre-shared-key",
}

// keyOwners are what a key of their own is secret of: radius_key, OSPF-MD5.
//
//nolint:gochecknoglobals // a table that is only read
var keyOwners = set("radius tacacs tacacs+ ospf ospfv3 isis bgp ntp rip eigrp vrrp hsrp glbp wifi wlan wpa vpn ipsec ike isakmp macsec mka snmp ldp pim bfd hmac md5 auth shared psk")

// pwOwners are whose pw is a password: enable_pw. Of others it may be a pseudowire.
//
//nolint:gochecknoglobals // a table that is only read
var pwOwners = set("enable admin user login root ssh telnet console snmp auth priv db mysql ldap bind radius tacacs ftp sftp sw switch router device")

// keyed tells whether a word ends in the key of a protocol, or the password of a user: radius-key, bgp-md5,
// tacacs-shared, enable-pw.
func keyed(name string) bool {
	if rest, ok := strings.CutSuffix(name, "-pw"); ok {
		return pwOwners[rest[strings.LastIndexByte(rest, '-')+1:]]
	}
	rest, ok := strings.CutSuffix(name, "-key")
	for _, end := range []string{"-md5", "-shared"} {
		if !ok {
			rest, ok = strings.CutSuffix(name, end)
		}
	}
	return ok && keyOwners[rest[strings.LastIndexByte(rest, '-')+1:]]
}

// lastParts are the alphanumeric runs that end a keyword, with what the next word may begin
// with: the first, cheap question.
func lastParts(forms map[string][]form) map[string]uint64 {
	m := map[string]uint64{}
	for word, list := range forms {
		for i := range list {
			next := list[i].next
			if next == 0 {
				next = anything
			}
			m[lastRun(word)] |= next
		}
	}
	for word := range saysSecret {
		m[lastRun(word)] = anything
	}
	for _, table := range []map[string]term{terms, asTerms} {
		for word := range table {
			m[lastRun(word)] = anything
		}
	}
	for _, head := range tokenHeads {
		m[lastRun(head[:len(head)-1])] = anything
	}
	for _, s := range append([]string{"begin", "snmp-server", "rev", "wifi", "ansible-vault", "-key", "-md5", "-pw", "-shared"}, suffixes...) {
		m[lastRun(s)] = anything
	}
	return m
}

func lastRun(s string) string {
	i := len(s)
	for i > 0 && wordClass(s[i-1]) {
		i--
	}
	return s[i:]
}

func wordClass(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
