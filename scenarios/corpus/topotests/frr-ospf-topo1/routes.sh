# Print OSPF's routes of both versions, one a line, without what differs from lab to lab: blanks,
# link-local addresses and ages. Reachable routers are a table of newer versions only, and told
# in the one of routers.
vtysh -c 'show ip ospf route' | tr -d '\r' | awk '/^=/ { table = $3 } /^[NR] / { route = $0; next } table != "reachable" && /attached to|via / { print table, route, $0 }' | tr -s ' '
vtysh -c 'show ipv6 ospf6 route' | tr -d '\r' | sed -E 's/fe80::[^ ]+/link-local/; s/ [0-9]+:[0-9:]+ *$//; s/ +$//' | tr -s ' '
