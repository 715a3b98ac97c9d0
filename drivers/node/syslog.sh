#!/bin/sh
# usage: syslog
# Reads what the node's programs send to syslog(3) into /var/log/reprise/syslog.log, unless
# somebody else does. Leaves its process number in /run/reprise/syslog.reader.
run=/run/reprise; log=/var/log/reprise/syslog.log
[ -e "$run/syslog.reader" ] && [ -e "/proc/$(cat "$run/syslog.reader")" ] && exit 0
[ -S /dev/log ] && [ ! -e "$run/syslog.ours" ] && exit 0
mkdir -p "$run" /var/log/reprise; : >"$run/syslog.ours"; rm -f /dev/log "$run/syslog.reader"
if command -v perl >/dev/null 2>&1; then
	setsid perl -MIO::Socket::UNIX -MSocket -MPOSIX -e '
		my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => "/dev/log") or exit 1;
		chmod 0666, "/dev/log";
		open(my $out, ">>", $ARGV[0]) or exit 1;
		open(my $pid, ">", $ARGV[1]) or exit 1; print $pid "$$\n"; close $pid;
		while (defined $s->recv(my $m, 65536)) {
			$m =~ s/^<\d+>//; $m =~ s/[\0\n]+\z//; $m =~ s/\n/ /g;
			syswrite($out, POSIX::strftime("%Y-%m-%d %H:%M:%S ", gmtime) . "$m\n");
		}' "$log" "$run/syslog.reader" </dev/null >/dev/null 2>&1 &
elif command -v busybox >/dev/null 2>&1 && busybox --list 2>/dev/null | grep -qx syslogd; then
	setsid sh -c 'echo $$ >"$2"; exec busybox syslogd -n -S -O "$1"' sh "$log" "$run/syslog.reader" </dev/null >/dev/null 2>&1 &
else
	exit 0
fi
i=0; until [ -S /dev/log ] && [ -s "$run/syslog.reader" ]; do i=$((i+1)); [ $i -lt 100 ] || exit 0; sleep 0.02; done
