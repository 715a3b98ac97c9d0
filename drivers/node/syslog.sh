# Reads what the node's programs send to syslog(3) into /var/log/reprise/syslog.log, unless
# somebody else does. Leaves its process number in /run/reprise/syslog.reader.
run=/run/reprise; log=/var/log/reprise/syslog.log
[ -e "$run/syslog.reader" ] && read -r p <"$run/syslog.reader" && [ -e "/proc/$p" ] && exit 0
[ -S /dev/log ] && [ ! -e "$run/syslog.ours" ] && exit 0
: >"$run/syslog.ours"
for f in /dev/log "$run/syslog.reader"; do if [ -e "$f" ] || [ -L "$f" ]; then rm -f "$f"; fi; done
if command -v perl >/dev/null 2>&1; then
	# Without modules, which take ten times as long to load as the program itself: AF_UNIX is 1,
	# SOCK_DGRAM 2, and struct sockaddr_un a short and a path. It goes on in a child, when it listens,
	# in a group of its own: that of this shell ends with the session.
	LD_PRELOAD="$REPRISE_CLOCK" perl -e '
		socket(my $s, 1, 2, 0) or exit 1;
		bind($s, pack("S a*", 1, "/dev/log\0")) or exit 1;
		chmod 0666, "/dev/log";
		open(my $out, ">>", $ARGV[0]) or exit 1;
		open(my $pid, ">", $ARGV[1]) or exit 1;
		defined(my $child = fork) or exit 1;
		if ($child) { setpgrp($child, 0); print $pid "$child\n"; exit 0 }
		while (defined recv($s, my $m, 65536, 0)) {
			$m =~ s/^<\d+>//; $m =~ s/[\0\n]+\z//; $m =~ s/\n/ /g;
			my ($second, $minute, $hour, $day, $month, $year) = gmtime;
			syswrite($out, sprintf("%04d-%02d-%02d %02d:%02d:%02d %s\n", $year + 1900, $month + 1, $day, $hour, $minute, $second, $m));
		}' "$log" "$run/syslog.reader"
elif command -v busybox >/dev/null 2>&1 && busybox --list 2>/dev/null | grep -qx syslogd; then
	LD_PRELOAD="$REPRISE_CLOCK" setsid sh -c 'echo $$ >"$2"; exec busybox syslogd -n -S -O "$1"' sh "$log" "$run/syslog.reader" </dev/null >/dev/null 2>&1 &
	i=0; until [ -S /dev/log ] && [ -s "$run/syslog.reader" ]; do i=$((i+1)); [ $i -lt 400 ] || exit 0; sleep 0.005; done
fi
