// Package namespaces is the provider whose nodes are namespaces of the kernel.
package namespaces
