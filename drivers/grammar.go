package drivers

// Block is a piece of a start-up configuration that can be taken out as a whole: a
// stanza with everything inside it, or one line. Taking a block out means dropping its
// lines and nothing else, so a closing brace or "exit" belongs to the block it closes.
type Block struct {
	// First and Last are its lines, counted from 0, both included.
	First, Last int
	// Title is the block's own line, trimmed: "router bgp 65001", "neighbor 10.0.0.2 timers 1 3".
	Title string
	// Defines are names that other blocks can refer to, as kind:name: "route-map:RM",
	// "prefix-list:PL", "neighbor:10.0.0.2@router bgp 65001". Uses are the names that the
	// block, without its inner ones, cannot stand without: when every block that defines
	// one is taken out, so is this one. A name of kind link is also defined by the lab's
	// cable to an interface of that name.
	Defines, Uses []string
	// Inner are the blocks within, in order and apart from each other. Lines of the block
	// that lie in no inner one (its first, its closing one) go only with the whole block.
	Inner []Block
}

// ConfigGrammar cuts a start-up configuration into blocks. It is an ability of a Factory,
// for it needs no session. Comments and blank lines belong to no block. A text that the
// grammar does not understand still becomes blocks, one per line: the device decides what
// stands without what.
type ConfigGrammar interface {
	Blocks(config []byte) []Block
}
