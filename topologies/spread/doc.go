// Package spread builds one lab on several hosts: each has some of its nodes, as namespaces, and cables
// between hosts go through a tunnel (package tunnel). Where nodes are is package placement's to say.
//
// Who has the lab reaches the nodes of another host through an agent there, [Serve], which builds its part
// as any lab of namespaces is built and carries out there what is asked of it: commands and their streams,
// files, restarts, faults, captures. Both speak HTTP/2 over one connection, which whoever dials it has
// authenticated: it gives what the user of the agent may do on his host. A lab is its connection's, and ends with it on every host.
//
// On each host one more node, [Gateway], stands for the others: a cable to another host ends there, and what
// comes to its end is carried by the process that owns the host's part. So faults, captures and witnesses on
// such a cable are those of any other, at its own end of the host that they are at. A frame fault acts
// where frames would arrive: on the host of its endpoint, or of the other one where it says out. Each end
// goes down with the other, and both are laid anew with either's node.
//
// A frame that the way between hosts has lost, doubled or reordered, a way that is silent and a host that
// is gone are changes of the lab ([topologies.StateChecker]): a trial says that the lab broke. What the
// other hosts see is told in the time of who asks; where their clocks are stepped meanwhile, that is a change as well.
//
// A host that is reached by an agent builds no node that asks for more than the lab itself gives: folders,
// ports and networks of the host, rights beyond those of every node.
//
// A clock of the lab's own begins at one moment on all hosts: each is told that moment as its own clocks showed it, which are measured
// when the lab is built; what is not known to within the clocks' tolerance (package faketime) is refused.
//
// An image that a host lacks is sent to it, by digest, over the same connection ([Provider.Send]).
//
// Non-goals: traffic between nodes on different hosts (its two ends have one clock), labs that outlive their owner.
package spread
