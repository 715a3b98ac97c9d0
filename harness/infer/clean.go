package infer

import (
	"regexp"
	"strings"
)

// unwanted are the beginnings of lines, and of stanzas with all in them, that a lab does not get:
// management, AAA, SNMP, users, certificates, and what would call home.
func unwanted(platform string) *regexp.Regexp {
	switch platform {
	case "exos":
		return regexp.MustCompile(`^(?:(?:un)?configure|create|enable|disable|delete) (?:snmp\S*|account|ssl|ssh2|radius|radius-accounting|tacacs|tacacs-accounting|web|telnet|sntp-client|ntp|syslog|banner|failsafe-account|ldap|netlogin|tech-support|vlan "?Mgmt"?|iproute add .* vr VR-Mgmt)\b`)
	case "voss":
		return regexp.MustCompile(`^(?:username|snmp-server|radius|tacacs|ssh|telnet|certificate|mgmt |ntp|syslog|password|web-server|banner|cli password|boot config|logging|ip ssh|ip ntp)\b`)
	case "junos":
		return regexp.MustCompile(`^(?:login|root-authentication|services|snmp|tacplus-server|radius-server|syslog|ntp|name-server|license|pki|certificates|encrypted-password|fxp0|me0|em0)\b`)
	default:
		return regexp.MustCompile(`^(?:no )?(?:aaa|username|enable (?:secret|password)|snmp-server|crypto|line (?:vty|con|aux)|ip ssh|ip http|ip domain|tacacs|tacacs-server|radius|radius-server|management|ntp|logging|banner|password|service password-encryption|interface (?:[Mm]gmt|Management)\S*|vrf (?:context|definition) (?:management|[Mm]gmt)\S*|ssh|telnet|ldap|key chain|daemon TerminAttr|license|call-home)\b`)
	}
}

// Clean takes out of a configuration what a lab does not get, and lists it: the first line of each piece,
// without its values.
func Clean(platform, text string) (cleaned string, out []string) {
	switch platform {
	case "bird", "ovs":
		return text, nil
	case "keepalived":
		return cleanKeepalived(text)
	}
	re, second := unwanted(platform), keyword()
	var w strings.Builder
	depth, within := 0, false
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		indented := strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")
		switch {
		case depth > 0: // in a block of braces
			depth += strings.Count(line, "{") - strings.Count(line, "}")
			continue
		case trimmed == "Building configuration..." || strings.HasPrefix(trimmed, "Current configuration"): // the command's own words
			continue
		case within && (indented || trimmed == "exit" || trimmed == ""):
			continue
		}
		within = false
		asked := strings.TrimPrefix(trimmed, "set system ")
		match := re.FindString(asked)
		if strings.HasPrefix(match, "key chain") && own(platform) { // interfaces refer to it, and its secrets become others at both ends
			match = ""
		}
		if match == "" || platform != "junos" && indented {
			w.WriteString(line)
			continue
		}
		out = append(out, words(match, asked, second))
		if platform == "junos" {
			depth = max(0, strings.Count(line, "{")-strings.Count(line, "}"))
		} else {
			within = platform != "exos"
		}
	}
	return w.String(), out
}

// words are the first word of what matched of a line, which is one of a pattern above, and the second word of
// the line where that is a keyword: any other may be a secret.
func words(match, line string, second *regexp.Regexp) string {
	first, f := strings.Fields(match)[0], strings.Fields(line)
	if len(f) > 2 && f[0] == first && second.MatchString(f[1]) {
		return first + " " + f[1] + " …"
	}
	return first + " …"
}

// keyword is what the second word of a line may be to be told.
func keyword() *regexp.Regexp {
	return regexp.MustCompile(`^(?:aaa|access|access-list|account|accounting|aux|banner|boot|certificate|chain|cli|community|con|config|console|contact|context|definition|domain|enable|failsafe-account|group|host|http|iproute|key|ldap|line|location|(?i:mgmt|management)[0-9/]*|motd|netlogin|ntp|password|password-encryption|pki|radius|radius-accounting|radius-server|secret|server|snmp|snmp-server|snmpv3|sntp-client|source-interface|ssh|ssh2|ssl|syslog|tacacs|tacacs-accounting|tacacs-server|tech-support|telnet|TerminAttr|trap|traps|user|username|version|view|vlan|vty|web)$`)
}
