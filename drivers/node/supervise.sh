#!/bin/sh
# usage: supervise NAME LOG COMMAND [ARGUMENT ...]
# Runs COMMAND in the foreground, by the lab's clock where it has its own ($REPRISE_CLOCK), and writes its start and its end to /run/reprise/exits.
name=$1; log=$2; shift 2
run=/run/reprise
cd "/var/lib/reprise/cores/$name" || exit 111
ulimit -c unlimited 2>/dev/null || ulimit -c "$(ulimit -H -c)" 2>/dev/null
exec </dev/null >>"$log" 2>&1
echo $$ >"$run/$name.supervisor"
sh -c 'echo "start $1 $$ $(date +%s.%N)" >>/run/reprise/exits; echo $$ >"/run/reprise/$1.pid"; shift; [ -z "$REPRISE_CLOCK" ] || export LD_PRELOAD="$REPRISE_CLOCK"; exec "$@"' sh "$name" "$@"
code=$?
pid=$(cat "$run/$name.pid")
ordered=-; [ -r "$run/$name.ordered" ] && ordered=$(cat "$run/$name.ordered")
core=-
for f in core "core.$pid"; do
	if [ -f "$f" ]; then core=/var/lib/reprise/cores/$name/core.$name.$pid; mv "$f" "$core"; fi
done
echo "end $name $pid $code $ordered $core $(date +%s.%N)" >>"$run/exits"
rm -f "$run/$name.pid" "$run/$name.ordered"
