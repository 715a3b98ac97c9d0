package redact

import (
	"bytes"
	"regexp"
	"sync"
)

// shapedText is a text of a fixed shape in which secrets and names have their places: a line of a file of accounts, a call
// of a library. Without a grammar of words, it is told by its shape, where one of its needles stands in the text.
type shapedText struct {
	needles []string
	re      *regexp.Regexp
	rules   []Rule // of the groups
}

// shapedTexts are all of them, of the manual pages of pgpass(5), pppd(8), wpa_supplicant, htpasswd(1), clogin(1), Oxidized and the
// libraries pysnmp, requests and pexpect.
//
//nolint:gochecknoglobals // compiled once
var shapedTexts = sync.OnceValue(func() []shapedText {
	list := func(words ...string) []string { return words }
	name, secret := RuleName, RuleSecret
	return []shapedText{
		{list(":5432:", ":3306:", ":*:"), regexp.MustCompile(`(?m)^[\w.*-]+:(?:\d{2,5}|\*):[\w*-]+:([A-Za-z_][^:\s]*):(\S+)$`), []Rule{name, secret}},
		{
			list(":ios:", ":iosxe:", ":iosxr:", ":nxos:", ":junos:", ":vrp:", ":eos:", ":xos:", ":exos:", ":voss:", ":asa:", ":fortios:", ":aoscx:", ":panos:"),
			regexp.MustCompile(`(?m)^([\w.-]+):(?:ios|iosxe|iosxr|nxos|junos|vrp|eos|xos|exos|voss|asa|fortios|aoscx|panos):([A-Za-z_][\w.-]*):([^:\s]+)(?::(\S+))?$`),
			[]Rule{name, name, secret, secret},
		},
		{list("\t\"*\"\t"), regexp.MustCompile(`(?m)^"([\w.@\\-]+)"[ \t]+"\*"[ \t]+"([^\s"]{4,})"`), []Rule{name, secret}},
		{list(" l2tpd ", " pptpd ", " xl2tpd "), regexp.MustCompile(`(?m)^([\w.@-]+) x?(?:l2tpd|pptpd) (\S{4,}) \*$`), []Rule{name, secret}},
		{list("chap-secrets", "pap-secrets"), regexp.MustCompile(`(?:^|['" ])([\w.@-]+)\s+\*\s+(\S{4,})\s+(?:\*|[\d.]+)['"]?\s*(?:>>?\s*\S*(?:chap|pap)-secrets)?$`), []Rule{name, secret}},
		{list("MSCHAPV2", "PEAP", "TTLS"), regexp.MustCompile(`(?m)^(?:"([^"\n]+)"|\*)[ \t]+[A-Z0-9,-]*(?:MSCHAPV2|PEAP|TTLS|MD5|GTC|PWD)[A-Z0-9,-]*(?:[ \t]+\[ver=\d\])?(?:[ \t]+(?:"([^"\n]+)"|hash:([0-9a-f]{32})))?(?:[ \t]+\[2\])?$`), []Rule{name, secret, secret}},
		{list("00:00:00:00:00:00 "), regexp.MustCompile(`(?m)^00:00:00:00:00:00 (\S{8,63})$`), []Rule{secret}},
		{list(":$", ":{S", ":{M", ":{C"), regexp.MustCompile(`(?m)^([A-Za-z_][\w.-]*):(?:\$(?:[1-7a-z]|2[abxy]|apr1|y)\$|\{(?:SSHA|SHA|SMD5|MD5|CRYPT)\d*\}([\w+/=.$]{8,})$)`), []Rule{name, secret}},
		{list("shared_secret"), regexp.MustCompile(`(?m)^(?:[\w.-]+)(?::\d+)?[ \t]+(\S{4,})[ \t]+\d{1,2}$`), []Rule{secret}},
		{list("CommunityData("), regexp.MustCompile(`CommunityData\(\s*b?['"]([^'"\n]+)['"]`), []Rule{secret}},
		{list("UsmUserData("), regexp.MustCompile(`UsmUserData\(\s*['"]([^'"\n]+)['"](?:\s*,\s*['"]([^'"\n]+)['"])?(?:\s*,\s*['"]([^'"\n]+)['"])?`), []Rule{name, secret, secret}},
		{list("BasicAuth(", "DigestAuth(", "auth=(", "auth = (", ".auth("), regexp.MustCompile(`(?:(?:Basic|Digest)Auth|\bauth\s*=\s*|\.auth)\(\s*['"]([^'"\n]+)['"]\s*,\s*['"]([^'"\n]+)['"]`), []Rule{name, secret}},
		{list("connect("), regexp.MustCompile(`connect\(\s*[^,()\n]+,\s*(?:\d+\s*,\s*)?['"]([^'"\n]+)['"]\s*,\s*['"]([^'"\n]+)['"]`), []Rule{name, secret}},
		{list("connect("), regexp.MustCompile(`connect\(\s*[^,()\n]+,\s*(?:\d+\s*,\s*)?[A-Za-z_][\w.]*\s*,\s*['"]([^'"\n]+)['"]`), []Rule{secret}},
		{list("network_driver", "driver("), regexp.MustCompile(`\bdriver\(\s*['"][^'"\n]+['"]\s*,\s*['"]([^'"\n]+)['"]\s*,\s*['"]([^'"\n]+)['"]`), []Rule{name, secret}},
		{list(".send(", ".sendline(", ".write(", ".write_channel("), regexp.MustCompile(`assword[^\n]*\n\s*\w+\.(?:sendline|send|write|write_channel)\(\s*b?['"]([^'"\\\n]{4,})`), []Rule{secret}},
		{list(".send(", ".sendline(", ".write(", ".write_channel("), regexp.MustCompile(`(?:ogin|sername)[^\n]*\n\s*\w+\.(?:sendline|send|write|write_channel)\(\s*b?['"]([^'"\\\n]{3,})`), []Rule{name}},
		{list("'community'] =", "\"community\"] ="), regexp.MustCompile(`\[['"]community['"]\]\s*=\s*(?:array\(|\[)\s*['"]([^'"\n]+)['"]`), []Rule{secret}},
		{list("variable \"", "output \""), regexp.MustCompile(`(?:variable|output)\s+"[\w-]*(?:password|passwd|pass|pw|pwd|secret|token|community|psk|passphrase|_key)"\s*\{[^}]*?(?:default|value)\s*=\s*"([^"\n$]+)"`), []Rule{secret}},
		{list("\"macro\""), regexp.MustCompile(`"macro"\s*:\s*"\{\$[A-Z_.]*(?:COMMUNITY|PASS|SECRET|TOKEN|KEY)[^"]*"\s*,\s*"value"\s*:\s*"([^"]+)"`), []Rule{secret}},
		{list("-user-pass>"), regexp.MustCompile(`<(?:auth|http-proxy)-user-pass>\r?\n(\S+)\r?\n(\S+)\r?\n`), []Rule{name, secret}},
		{list("wg "), regexp.MustCompile(`wg gen(?:key|psk)\s*\n([A-Za-z0-9+/]{40,}=)`), []Rule{secret}},
		{list("wg "), regexp.MustCompile(`echo ['"]?([A-Za-z0-9+/]{40,}=)['"]?\)? *(?:\| *wg\b)?`), []Rule{secret}},
		{list("preshared-key <(", "private-key <("), regexp.MustCompile(`(?:preshared|private)-key <\(echo ['"]?([A-Za-z0-9+/=]{8,})`), []Rule{secret}},
		{list("radcheck", "radreply"), regexp.MustCompile(`'([^'\n]+)'\s*,\s*'(?:Cleartext|User|NT|Crypt|MD5|SHA)-Password'\s*,\s*'[:=]+'\s*,\s*'([^'\n]+)'`), []Rule{name, secret}},
		{list("radpostauth"), regexp.MustCompile(`radpostauth[^(\n]*\([^)\n]*\)\s*VALUES\s*\(\s*'([^'\n]*)'\s*,\s*'([^'\n]*)'`), []Rule{name, secret}},
		{list("chpasswd"), regexp.MustCompile(`(?m)chpasswd:\s*\n(?:\s+expire:.*\n)?\s+list:\s*\|?[^\n]*\n\s+(?:- )?([A-Za-z_][\w.-]*):(\S+)`), []Rule{name, secret}},
		{list("<community", ":community"), regexp.MustCompile(`<(?:[\w.-]+:)?community(?:\s[^>]*)?>\s*(?:<(?:[\w.-]+:)?index>[^<]*</[^>]*>\s*)?<(?:[\w.-]+:)?name(?:\s[^>]*)?>([^<]+)</`), []Rule{secret}},
		{list("<user", ":user"), regexp.MustCompile(`<(?:[\w.-]+:)?user(?:name)?(?:\s[^>]*)?>\s*<(?:[\w.-]+:)?name(?:\s[^>]*)?>([A-Za-z_][^<\s]+)</`), []Rule{name}},
		{list("=\t"), regexp.MustCompile(`(?m)^(?:[\w.-]+\t)?([A-Za-z0-9+/]{43}=)\t([A-Za-z0-9+/]{43}=)\t`), []Rule{secret, secret}},
		{list("\"vars\""), regexp.MustCompile(`"vars"\s*:\s*\{[^{}]*"enable"\s*:\s*"([^"\n]+)"`), []Rule{secret}},
		{list(":AA"), regexp.MustCompile(`\b\d{8,10}:(AA[A-Za-z0-9_-]{32,34})\b`), []Rule{secret}},
		{list("Target["), regexp.MustCompile(`(?m)^Target\[[^\]\n]+\]:[^\n]*?[ :&/-]([^\s:@&]+)@[\w.-]+`), []Rule{secret}},
		{list("check_snmp!"), regexp.MustCompile(`check_snmp![^\n]*?-C[ ]?([^\s!]+)`), []Rule{secret}},
		{list("{$SNMP", "{$COMM", "{$PASS"), regexp.MustCompile(`\{\$[A-Z_.]*(?:COMMUNITY|PASS|SECRET|TOKEN|KEY)[A-Z_.]*\}\s*(?:=>|=|:)\s*["']?([^\s"']{3,})`), []Rule{secret}},
		{list("\"auth-password\"", "\"secret-key\"", "\"auth-key\""), regexp.MustCompile(`name: "(?:auth-password|secret-key|auth-key|key-string|community)"[^\n]*\n?[^\n]*\n?[^\n]*string_val: "([^"\n]+)"`), []Rule{secret}},
		{list("AUTH\r\n", "auth\r\n", "AUTH\\r\\n"), regexp.MustCompile(`(?i)\*2(?:\r\n|\\r\\n)\$4(?:\r\n|\\r\\n)AUTH(?:\r\n|\\r\\n)\$\d+(?:\r\n|\\r\\n)([^\r\n\\]+)`), []Rule{secret}},
		{list("AUTH\r\n", "auth\r\n", "AUTH\\r\\n"), regexp.MustCompile(`(?i)\*3(?:\r\n|\\r\\n)\$4(?:\r\n|\\r\\n)AUTH(?:\r\n|\\r\\n)\$\d+(?:\r\n|\\r\\n)([^\r\n\\]+)(?:\r\n|\\r\\n)\$\d+(?:\r\n|\\r\\n)([^\r\n\\]+)`), []Rule{name, secret}},
		{list("\"passkey\"", "\"password\"", "\"requirepass\""), regexp.MustCompile(`\d+\) "(?:passkey|password|auth_password|requirepass|secret|community)"\s*\n\s*\d+\) "([^"\n]+)"`), []Rule{secret}},
		{list("AUTH LOGIN", "AUTH PLAIN", "AUTHENTICATE PLAIN", "AUTH CRAM"), regexp.MustCompile(`(?m)^(?:S: )?(?:334|\+)(?: [A-Za-z0-9+/=]*)?\r?\n(?:C: )?([A-Za-z0-9+/]{8,}=*)\r?$`), []Rule{secret}},
		{list(" LOGIN "), regexp.MustCompile(`(?m)^[A-Za-z]?\d+ LOGIN "?([^\s"]+)"? "?([^\s"]+)"?\r?$`), []Rule{name, secret}},
		{list("PASS "), regexp.MustCompile(`(?m)^USER (\S+)\r?\n(?:[^\n]*\n){0,2}PASS (\S+)\r?$`), []Rule{name, secret}},
		{list("assword:"), regexp.MustCompile(`Data: [^\n]*assword: ?\s*\n\s*Data: (\S+)`), []Rule{secret}},
		{list("Value: "), regexp.MustCompile(`User-Name Attribute[^\n]*Value: (\S+)`), []Rule{name}},
		{list("Value: "), regexp.MustCompile(`(?:User|CHAP|Tunnel)-Password Attribute[^\n]*Value: ([^\s<]+)`), []Rule{secret}},
		{list("User-Name(1)"), regexp.MustCompile(`User-Name\(1\)[^\n]*val=(\S+)`), []Rule{name}},
		{list("User-Password(2)"), regexp.MustCompile(`User-Password\(2\)(?:[^\n]*val=|: )(?:Decrypted: )?(\S+)`), []Rule{secret}},
		{list("password (length"), regexp.MustCompile(`password \(length \d+\) = (\S+)`), []Rule{secret}},
		{list("arg: "), regexp.MustCompile(`Request command: PASS\s*\n\s*Request arg: (\S+)`), []Rule{secret}},
		{list("[AUTH, "), regexp.MustCompile(`\[AUTH, (?:[\w.-]+, )?([^\s\],]+)\]`), []Rule{secret}},
		{list("Private-Lines"), regexp.MustCompile(`(?:Private|Public)-Lines: \d+\s*\n((?:[A-Za-z0-9+/=]{4,}[ \t]*\r?(?:\n|$))+)`), []Rule{RuleKeyBlock}},
		{list("BEGIN SSH2"), regexp.MustCompile(`---- BEGIN SSH2 (?:ENCRYPTED )?PRIVATE KEY ----\r?\n(?:[\w-]+: [^\n]*\n)*((?:[A-Za-z0-9+/=]{4,}\s*\n?)+)`), []Rule{RuleKeyBlock}},
		{list(": -----BEGIN", "|-----BEGIN", "\t-----BEGIN"), regexp.MustCompile(`(?m)^\s*\d+[:|\t] ?([A-Za-z0-9+/]{40,}=*)\r?$`), []Rule{RuleKeyBlock}},
		{list("-----END "), regexp.MustCompile(`(?m)((?:^[ \t]*[A-Za-z0-9+/]{60,76}\r?\n)+(?:[ \t]*[A-Za-z0-9+/]+={0,2}\r?\n)?)[ \t]*-----END [A-Z0-9 ]*PRIVATE KEY-----`), []Rule{RuleKeyBlock}},
		{list("a0=\"snmp", "a0=\"/usr/bin/snmp"), regexp.MustCompile(`a\d+="-[cAX]" a\d+="([^"\n]+)"`), []Rule{secret}},
		{list("a0=\"sshpass", "a0=\"/usr/bin/sshpass"), regexp.MustCompile(`a\d+="-p" a\d+="([^"\n]+)"`), []Rule{secret}},
		{list("@tcp(", "@unix(", "@tcp6("), regexp.MustCompile(`([\w.-]+):([^\s"'@/:]+)@(?:tcp6?|unix)\(`), []Rule{name, secret}},
		{list("AKIA", "ASIA"), regexp.MustCompile(`A[KS]IA[A-Z0-9]{16}["']?[\s:,;/]+["']?([A-Za-z0-9+/]{40})\b`), []Rule{secret}},
		{list("type=\"password\"", "type='password'"), regexp.MustCompile(`<input\s[^>]*type=["']password["'][^>]*\bvalue=["']([^"'\n]+)["']`), []Rule{secret}},
		{list("type=\"password\"", "type='password'"), regexp.MustCompile(`<input\s[^>]*\bvalue=["']([^"'\n]+)["'][^>]*type=["']password["']`), []Rule{secret}},
		{list("\"kty\""), regexp.MustCompile(`"(?:k|d|p|q|dp|dq|qi)"\s*:\s*"([A-Za-z0-9_-]{8,})"`), []Rule{secret}},
		{list("\"><phash>"), regexp.MustCompile(`<entry name="([^"\n]+)"><phash>`), []Rule{name}},
		{list("\"TYPE\""), regexp.MustCompile(`"([^"\n]+)"\s*:\s*\{\s*"TYPE"\s*:\s*"R[OW]"`), []Rule{secret}},
		{list("readonly-community"), regexp.MustCompile(`readonly-community(?:-v6)?:[ \t]*\n\s+['"]?([^\s'":]+)['"]?:`), []Rule{secret}},
		{list("'@'"), regexp.MustCompile(`(?i)\b(?:USER|TO|FOR)\s+'([^'\n]+)'@'`), []Rule{name}},
		{list("addhost.php"), regexp.MustCompile(`addhost\.php (\S+) (\S+) v[123]`), []Rule{name, secret}},
		{list("bindRequest("), regexp.MustCompile(`bindRequest\(\d+\) "[^"\n]*" simple (\S+)$`), []Rule{secret}},
		{list("ame ("), regexp.MustCompile(`(?im)(?:system name|user ?name) ?\([^\n)]{0,40}\)[^\n:?]{0,12}: ?([\w.-]+)$`), []Rule{name}},
		{list("ame ["), regexp.MustCompile(`(?im)user ?name \[[^\n\]]{0,40}\]\? ?([\w.-]+)$`), []Rule{name}},
		{list("FRRouting "), regexp.MustCompile(`FRRouting [\w.~+-]+ \(([A-Za-z][\w.-]*)\)`), []Rule{name}},
		{list("DHCPACK", "DHCPREQUEST", "DHCPDISCOVER", "DHCPOFFER", "DHCPINFORM", "DHCPRELEASE", "DHCPNAK"), regexp.MustCompile(`DHCP[A-Z]+ [^\n]{0,80}?(?:[0-9a-f]{2}:){5}[0-9a-f]{2} \(([\w.-]+)\)`), []Rule{name}},
		{list("DHCPACK", "DHCPREQUEST", "DHCPDISCOVER", "DHCPOFFER", "DHCPINFORM", "DHCPRELEASE", "DHCPNAK"), regexp.MustCompile(`DHCP[A-Z]+\([\w.-]+\) [\d.]+ (?:[0-9a-f]{2}:){5}[0-9a-f]{2} ([A-Za-z][\w.-]*)`), []Rule{name}},
		{list(":x:1", ":*:1", "::1"), regexp.MustCompile(`(?m)^([A-Za-z_][\w.-]*):[x*!]?:[1-9]\d{3,4}:\d+:([^:,\n]*)[^:\n]*:/`), []Rule{name, name}},
		{list("/home/", "/Users/", "\\Users\\"), regexp.MustCompile(`(?:/home/|/Users/|\\Users\\{1,2})([A-Za-z_][\w.-]{1,31})`), []Rule{name}},
		{list("From: ", "To: ", "Cc: ", "Sender: "), regexp.MustCompile(`"([^"\n<>@]{2,60})"[ \t]*<[^\s<>@]+@[^\s<>]+>`), []Rule{name}},
		{list("From: ", "To: ", "Cc: ", "Sender: "), regexp.MustCompile(`(?m)(?:: ?|, ?|^[ \t]+)(\p{Lu}[\p{L}.'’-]*(?: [\p{L}.'’-]+){0,3}) <[^\s<>@]+@[^\s<>]+>`), []Rule{name}},
		{list(" ACTIVE", " BACKUP"), regexp.MustCompile(`\b[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}[ \t]+([A-Za-z][\w.-]*)[ \t]+(?:ACTIVE|BACKUP)\b`), []Rule{name}},
		{list("IKE_SA "), regexp.MustCompile(`established between [^\[\n]{1,60}\[([^\]=\n]{2,80})\]`), []Rule{name}},
		{list("IKE_SA "), regexp.MustCompile(`established between [^\n]{1,160}\.\.\.[^\[\n]{1,60}\[([^\]=\n]{2,80})\]`), []Rule{name}},
		{list("PEAP", "TTLS", "MSCHAPV2", "MD5", "-Password", "Auth-Type"), regexp.MustCompile(`(?m)^"([^"\n]+)"[ \t]+(?:(?:PEAP|TLS|TTLS|MD5|GTC|PWD|SIM|AKA|MSCHAPV2|TTLS-[A-Z0-9]+)(?:,[A-Z0-9-]+)*|(?:[\w-]+-Password|Auth-Type|Password)[ \t]*(?::=|==))(?:[ \t\n]|$)`), []Rule{name}},
		{list(": PSK", ": RSA", ": ECDSA"), regexp.MustCompile(`(?m)^@?([A-Za-z][\w.-]+)(?:[ \t]+(?:@?([A-Za-z][\w.-]+)|[\d.]+|%any))?[ \t]*:[ \t]+(?:PSK|RSA|ECDSA)[ \t]`), []Rule{name, name}},
		{list("ndpoint"), regexp.MustCompile(`(?mi)^[ \t]*endpoint[ \t]*[=:][ \t]*["']?([A-Za-z][\w.-]*):\d+`), []Rule{name}},
		{list("access-points:"), regexp.MustCompile(`access-points:[ \t]*\n[ \t]+["']?([^"'\n:]+)["']?:`), []Rule{name}},
		{list(" ansible_"), regexp.MustCompile(`(?m)^([A-Za-z][\w.-]*)[ \t]+ansible_`), []Rule{name}},
		{list(", value:"), regexp.MustCompile(`name: ["']?\w*(?:TOKEN|PASSWORD|PASSWD|PASS|SECRET|PSK|COMMUNITY|API_?KEY|SECRET_?KEY|AUTH_?KEY)["']?, *value: *["']?([^\s"',}]+)`), []Rule{secret}},
		{list("<<"), regexp.MustCompile(`\bftp\b[^\n]*<<[^\n]*\n(?:[^\n]*\n){0,3}?[ \t]*user[ \t]+(\S+)[ \t]+(\S+)`), []Rule{name, secret}},
		{list("auth/userpass/"), regexp.MustCompile(`auth/userpass/(?:login|users)/([\w.-]+)`), []Rule{name}},
		{list("creds."), regexp.MustCompile(`\bcreds\.\w+=([^:\s'"]+):([^\s'"]+)`), []Rule{name, secret}},
		{list("PSCredential"), regexp.MustCompile(`PSCredential\(? *\(?['"]([^'"\n]+)['"]`), []Rule{name}},
		{list("-confg"), regexp.MustCompile(`/([A-Za-z][\w-]*)-confg\b`), []Rule{name}},
		{list(".0 = "), regexp.MustCompile(`(?m)(?:sysContact|sysLocation|\.1\.3\.6\.1\.2\.1\.1\.[46])\.0 = (?:STRING: )?"?([^"\n\r]+)`), []Rule{name}},
		{list("assword\n-", "asswort\n-", "ennwort\n-", "ecret\n-", "assphrase\n-", "ommunity\n-", "assword\n=", "ecret\n=", "ommunity\n="), regexp.MustCompile(`(?mi)^[ \t]*(?:password|passwort|kennwort|secret|passphrase|community|psk)[ \t]*\r?\n[ \t]*[-=]{4,}[ \t]*\r?\n[ \t]*([^\s|]{4,})[ \t]*\r?$`), []Rule{secret}},
		{list(" is:"), regexp.MustCompile(`(?mi)\b(?:password|passwort|passphrase|secret|community|psk|pre-shared key) is:[ \t]*\r?\n\s*([^\s]{4,})[ \t]*\r?$`), []Rule{secret}},
		{list("ser</t", "ogin</t", "ame</t", "ser:</t", "ogin:</t", "ame:</t"), regexp.MustCompile(`(?i)<t[dh][^>]*>\s*(?:user|user ?name|login|benutzer|benutzername)\s*:?\s*</t[dh]>\s*<td[^>]*>\s*([A-Za-z_][\w.-]+)\s*<`), []Rule{name}},
		{list("ser**", "ser:**", "ogin**", "ogin:**", "ame**", "ame:**"), regexp.MustCompile("(?i)\\*\\*(?:user|user ?name|login|benutzer|benutzername)(?::\\*\\*|\\*\\*:)[ \\t]*`?([A-Za-z_][\\w.-]+)"), []Rule{name}},
		{list("essage-I", "n-Reply-To:", "eferences:"), regexp.MustCompile(`(?mi)^(?:>[ \t]*)*(?:message-id|in-reply-to|references):[^\n]*@([A-Za-z][\w.-]*)>`), []Rule{name}},
		{list("ommunity "), regexp.MustCompile(`(?m)^[ \t]*Community \d+: (\S+) \(r[ow]\)`), []Rule{secret}},
		{list("Password V2"), regexp.MustCompile(`"(?:[\w ]+ )?Password V2"=\d\d:(\S+)`), []Rule{secret}},
		{list(" -E "), regexp.MustCompile(`\btcpdump\b[^\n]* -E ["']?[^"'\n]*?(?:-cbc|-cbc-hmac96|-gcm|-ctr|none):([^"'\s,]+)`), []Rule{secret}},
		{list("snmp_users:"), regexp.MustCompile(`snmp_users:\\?"[^"\\\n]*\\?",\\?"([^"\\\n]*)\\?",\\?"[^"\\\n]*\\?",\\?"([^"\\\n]*)\\?"(?:,\\?"[^"\\\n]*\\?",\\?"([^"\\\n]*)\\?")?`), []Rule{name, secret, secret}},
		{list("ftp> user "), regexp.MustCompile(`(?m)^ftp> user (\S+) (\S+)`), []Rule{name, secret}},
		{list("<(echo "), regexp.MustCompile(`(?i)pass[\w-]*[= ]<\(echo ['"]?([^'")\s]+)['"]?\)`), []Rule{secret}},
		{list("80211_keys:"), regexp.MustCompile(`80211_keys:\\?"(?:wpa-pwd|wpa-psk|wep)\\?",\\?"([^"\n:\\]+)(?::([^"\n\\]+))?`), []Rule{secret, name}},
		{list(" inline:"), regexp.MustCompile(`a=crypto:\d+ \S+ inline:([^\s|;]+)`), []Rule{secret}},
		{list("REV "), regexp.MustCompile(`(?m)\bREV \d+[ \t]+\d{3}-\d{6}[ \t]+([A-Z0-9]{6,})\b`), []Rule{RuleSerial}},
		{list("Chassis  "), regexp.MustCompile(`(?m)^Chassis[ \t]{4,}([A-Z0-9]{8,})[ \t]`), []Rule{RuleSerial}},
		{list(" ms\n", " ms "), regexp.MustCompile(`(?m)^[ \t]*\d{1,2}  ?([A-Za-z][\w.-]+) \((?:\d+\.){3}\d+\)  ?[\d.*]`), []Rule{name}},
		{list("Linux "), regexp.MustCompile(`(?m)(?:^|["' ])Linux ([A-Za-z][\w.-]*) \d+\.\d+\.\d+`), []Rule{name}},
		{list("Author: ", "Commit: ", "Signed-off-by: ", "Reviewed-by: ", "Reported-by: ", "Tested-by: "), regexp.MustCompile(`(?m)(?:Author|Commit|[A-Z][a-z-]+-by): +(\p{Lu}[\p{L}.'’-]*(?: [\p{L}.'’-]+){0,3}) <[^\s<>@]+@[^\s<>]+>`), []Rule{name}},
		{list("\"credentials\"", "\"auth\""), regexp.MustCompile(`"(?:credentials|auth)"\s*:\s*"([A-Za-z_][\w.-]*):([^"\n]{4,})"`), []Rule{name, secret}},
		{list("\"password\"", "\"secret\"", "\"community\"", ".secret\"", "-key\""), regexp.MustCompile(`(?i)"(?:k|key|name|parameter)"\s*:\s*"(?:[\w.-]*\.)?(?:password|passwd|secret|community|psk|shared-key|auth-key)"\s*,\s*"(?:v|val|value|data)"\s*:\s*"([^"\n]{3,})"`), []Rule{secret}},
		{list("\"cookies\""), regexp.MustCompile(`"cookies"\s*:\s*\[\s*\{\s*"name"\s*:\s*"[^"\n]*"\s*,\s*"value"\s*:\s*"([^"\n]{8,})"`), []Rule{secret}},
		{list("WaitForString", "wait '"), regexp.MustCompile(`(?i)(?:WaitForString "[^"\n]*assword[^\n]*\n[^\n"]*\.Send "([^"\n]+)"|wait '[^'\n]*assword[^\n]*\n\s*sendln '([^'\n]+)')`), []Rule{secret, secret}},
		{list("setPassword("), regexp.MustCompile(`setPassword\(\s*["']([^"'\n]+)["']`), []Rule{secret}},
		{list("ConvertTo-SecureString"), regexp.MustCompile(`["']([^"'\n]+)["']\s*\|\s*ConvertTo-SecureString`), []Rule{secret}},
		{list("MapNetworkDrive"), regexp.MustCompile(`MapNetworkDrive\b[^\n]*?,\s*"([^"\n]+)"\s*,\s*"([^"\n]+)"\s*$`), []Rule{name, secret}},
		{list("assword</label>", "ecret</label>"), regexp.MustCompile(`(?i)(?:password|secret)</label>\s*<input\s[^>]*\bvalue=["']([^"'\n]+)["']`), []Rule{secret}},
		{list("<<"), regexp.MustCompile(`(?i)(?:password|passwd|secret|community|passphrase|psk|token)\w*\s*=\s*<<-?(?:EOT|EOF|END)[ \t]*\n[ \t]*([^\n]{3,}?)[ \t]*\r?\n[ \t]*(?:EOT|EOF|END)`), []Rule{secret}},
		{list("=\\\n", "= \\\n"), regexp.MustCompile(`(?m)^[\w.-]*(?:password|passwd|secret|community|passphrase|psk|token)\s*=\s*\\\n\s*(\S{3,})[ \t]*\r?$`), []Rule{secret}},
		{list("/c/sys/"), regexp.MustCompile(`/c/sys/(?:access/user/\w*pw|ssnmp/[rw]comm) "?([^\s"]+)`), []Rule{secret}},
		{list("otpauth://"), regexp.MustCompile(`otpauth://[ht]otp/(?:[^:?\s]+:)?([\w.@%-]+)\?`), []Rule{name}},
	}
})

// pppSecrets takes the lines below the head of chap-secrets and pap-secrets: client, server, secret, addresses (pppd(8)).
func (s *scanner) pppSecrets() {
	for at := 0; ; {
		n := bytes.Index(s.data[at:], []byte("secret"))
		if n < 0 {
			return
		}
		head := lineStart(s.data, at+n)
		at = lineAfter(s.data, at+n)
		words := bytes.Fields(s.data[head:at])
		if len(words) < 4 || string(words[0]) != "#" || string(words[1]) != "client" || string(words[2]) != "server" || string(words[3]) != "secret" {
			continue
		}
		for at < len(s.data) {
			next := lineAfter(s.data, at)
			var list []field
			for pos := at; len(list) < 5; {
				f, ok := s.field(pos, next, false)
				if !ok {
					break
				}
				list = append(list, f)
				pos = f.next
			}
			if len(list) > 0 && s.data[list[0].start] != '#' {
				if len(list) < 3 || len(list) > 4 {
					break
				}
				for i, rule := range map[int]Rule{0: RuleName, 2: RuleSecret} {
					if f := list[i]; f.end-f.start > 2 {
						s.done = 0
						s.replace("", rule, f, string(s.data[f.start:f.end]))
					}
				}
			}
			at = next
		}
	}
}

func lineStart(data []byte, at int) int { return bytes.LastIndexByte(data[:at], '\n') + 1 }

// shaped takes the values of texts of a fixed shape.
func (s *scanner) shaped() {
	texts := shapedTexts()
	for k, places := range shapedNeedles().in(s.data) {
		t := texts[k]
		s.done = 0
		key := t.rules[0] == RuleKeyBlock
		for n := 0; n < len(places); {
			from, to := s.since(places[n], key), s.until(places[n], key)
			for n++; n < len(places) && places[n] < to; n++ {
				to = s.until(places[n], key)
			}
			s.shapedIn(t, from, to)
		}
	}
}

// shapedLines bounds how far from its needle a shape is looked for, in lines on each side, and shapedReach in bytes.
const (
	shapedLines = 4
	shapedReach = 4 << 10
)

// since and until are the ends of the part of the text in which the shape of a needle that ends at at may be.
func (s *scanner) since(at int, key bool) int {
	back, lines := shapedReach, shapedLines
	if key {
		back, lines = longestStructure/4, longestStructure
	}
	from, first := at, max(0, at-back)
	for n := 0; n <= lines && from > first; n++ {
		from = first + bytes.LastIndexByte(s.data[first:from-1], '\n') + 1
	}
	return from
}

func (s *scanner) until(at int, key bool) int {
	if key {
		return min(len(s.data), at+longestStructure)
	}
	to, end := at, min(len(s.data), at+shapedReach)
	for n := 0; n <= shapedLines && to < end; n++ {
		to = min(rowEnd(s.data[:end], to)+1, end)
	}
	return to
}

func (s *scanner) shapedIn(t shapedText, start, stop int) {
	for _, m := range t.re.FindAllSubmatchIndex(s.data[start:stop], -1) {
		for i, rule := range t.rules {
			from, to := m[2*i+2], m[2*i+3]
			if from < 0 || start+from < s.done || to-from < 2 {
				continue
			}
			from, to = start+from, start+to
			if rule == RuleKeyBlock {
				s.keyLines(from, to)
				continue
			}
			v := string(s.data[from:to])
			if isReference(v) || isPlaceholder(v) || hiddenWords[lower(v)] || (rule == RuleSecret || rule == RuleName) && (ordinary()[lower(v)] || stops[lower(v)]) {
				continue
			}
			s.replace("", rule, field{start: from, end: to, next: to}, v)
		}
	}
}

// shapedNeedles finds which of them may be in a text.
//
//nolint:gochecknoglobals // made once
var shapedNeedles = sync.OnceValue(func() *needles {
	var groups [][]string
	for _, t := range shapedTexts() {
		groups = append(groups, t.needles)
	}
	return newNeedles(groups)
})

// keyLines takes each line of a key.
func (s *scanner) keyLines(from, to int) {
	for line := range bytes.FieldsSeq(s.data[from:to]) {
		at := from + bytes.Index(s.data[from:to], line)
		if s.learn && len(line) >= 20 {
			s.learned = append(s.learned, known{value: string(line), rule: RuleSecret})
		}
		s.found(at, at+len(line), RuleKeyBlock, s.r.shapes.forward(string(line)))
		from = at + len(line)
	}
}
