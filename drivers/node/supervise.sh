#!/bin/sh
# usage: supervise NAME LOG COMMAND [ARGUMENT ...]
# Runs COMMAND in the foreground, by the lab's clock where it has its own ($REPRISE_CLOCK), and writes its start and its end to /run/reprise/exits.
name=$1; log=$2; shift 2
run=/run/reprise
cd "/var/lib/reprise/cores/$name" || exit 111
ulimit -c unlimited 2>/dev/null || ulimit -c "$(ulimit -H -c)" 2>/dev/null
exec </dev/null >>"$log" 2>&1
echo $$ >"$run/$name.supervisor"
( # the process that COMMAND becomes: its number is not in $$, and a program that tells it would have its own
	read -r pid _ </proc/self/stat
	echo "start $name $pid" >>"$run/exits"; echo "$pid" >"$run/$name.pid"
	[ -z "$REPRISE_CLOCK" ] || export LD_PRELOAD="$REPRISE_CLOCK"
	exec "$@"
)
code=$?
read -r pid <"$run/$name.pid"
ordered=-; [ -r "$run/$name.ordered" ] && read -r ordered <"$run/$name.ordered"
core=-
for f in core "core.$pid"; do
	if [ -f "$f" ]; then core=/var/lib/reprise/cores/$name/core.$name.$pid; mv "$f" "$core"; fi
done
echo "end $name $pid $code $ordered $core $(date +%s.%N)" >>"$run/exits"
rm -f "$run/$name.pid" "$run/$name.ordered"
