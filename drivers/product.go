package drivers

// Product is a piece of software under the names that people, documents and packages give it.
// Platforms are driven; products are spoken of: FRR is both, lldpd runs on a platform, and the
// predecessor of a product is named in release notes only. Everything that has to know a
// product's name reads it here, through [Registry.Products].
type Product struct {
	// Name is how it is kept, in lower case: the platform's, where a driver drives it.
	Name string
	// Title is how people write it: "Open vSwitch".
	Title string
	// Vendor is who makes it, in lower case.
	Vendor string
	// Words are all the names by which text speaks of it, in lower case, Name among them. One
	// of two letters counts where the text has it in capitals.
	Words []string
	// Packages are the Debian packages that the images of containers install it from; the
	// version of the first is its version. Empty where it comes with its device or with an
	// image of its own.
	Packages []string
	// Daemons are its processes, as a node lists them.
	Daemons []string
	// Facts is the command whose answer tells its version; empty where nobody asks it.
	Facts string
}

// ProductSource is an ability of a Factory: the products that its nodes run, its platform's own
// first, and those that are spoken of beside it.
type ProductSource interface {
	Products() []Product
}

// Skeleton is what a new scenario of a platform is written from: a line of routers with an
// adjacency between neighbours.
type Skeleton struct {
	// Image is that of the affected version, where nobody names one.
	Image string
	// Config is a text/template of a node's configuration. It is given .Name, .N (the number
	// in the line, from 1), .Left and .Right (the numbers of the neighbours, 0 where there is
	// none); eth1 leads left, eth2 right, and the link from i to i+1 is 10.0.i.0/24.
	Config string
	// Addresses says that Config gives the interfaces no addresses: the topology has to.
	Addresses bool
	// Adjacent is the command whose answer has "Full/" in it while a neighbour is there.
	Adjacent string
}

// SkeletonSource is an ability of a Factory whose platform new scenarios can be written for.
type SkeletonSource interface {
	Skeleton() Skeleton
}
