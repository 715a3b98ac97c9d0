# prints how many of eight addresses answer; the two ports carry four flows each
for i in 1 2 3 4 5 6 7 8; do
  (ping -n -c 1 -W 2 10.0.0.$i >/dev/null 2>&1 && echo $i) &
done | wc -l
