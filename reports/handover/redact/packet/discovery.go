package packet

// Where the checksum is in the headers of CDP and EDP (Wireshark's packet-cdp.c and
// packet-edp.c; the vendors publish none).
const (
	cdpSum = 2 // after version and time to live
	edpSum = 4 // after version, reserved and length
)

// discovery searches CDP and EDP by value. sum is where their checksum is.
func (c *capture) discovery(f *frame, at, sum, end int) {
	body := at + sum + sumLen
	if body > end {
		return
	}
	f.sum(at+sum, part{at, end})
	c.payload(body, end)
}
