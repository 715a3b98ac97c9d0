package drivers

// Transports of an [Access].
const (
	TransportSSH    = "ssh"
	TransportTelnet = "telnet"
	// TransportConsole is a port of a terminal server: raw TCP, telnet with its options, or
	// an ssh session that ends on the line.
	TransportConsole = "console"
)

// Access is how the command line of a node is reached that has no [Host] beneath it: a
// switch on a desk, or one in a virtual machine. It is the same type as
// topologies.Access, field by field; the two packages do not import each other.
//
// A credential is a reference and never a value: "env:NAME" for an environment
// variable, "file:PATH" for the first line of a file, and for Key "agent" for the keys of
// the running ssh-agent. "" means that there is none.
type Access struct {
	Transport string // TransportSSH, TransportTelnet or TransportConsole
	Address   string // host:port
	User      string
	Password  string // reference; "" tries the empty password
	Key       string // reference to a private key
	Enable    string // reference: the password of the privileged level, where a platform has one

	// Console is how a console's port is spoken to: "raw", "telnet" or "ssh".
	Console string
	// ServerUser and ServerPassword (a reference) are for the terminal server itself, where
	// it asks before it gives the line; with Console "ssh" they open the session.
	ServerUser     string
	ServerPassword string

	KnownHosts string // file of ssh host keys; "" means ~/.ssh/known_hosts
	AcceptNew  bool   // a host without a key in the file is believed once and written there
	Legacy     bool   // offer ciphers and key exchanges that are no longer safe; reported when used
}
