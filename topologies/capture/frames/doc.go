// Package frames reads pcapng files of one interface, and says in short what a frame is: its addresses,
// its protocol, and of control protocols what kind of message.
//
// It changes nothing and judges nothing. A frame is input of strangers: what is cut off, or is of a
// protocol that it does not know, has fewer fields, and no length in it is believed.
package frames
