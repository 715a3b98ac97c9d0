# tells of each port its role and its state in the words of IEEE 802.1D-2004, and of the bridge its root
cd /sys/class/net/br0
for p in "$@"; do
  role=Alternate
  if [ "$(cat brif/$p/designated_bridge)" = "$(cat bridge/bridge_id)" ]; then
    role=Backup
    [ "$(cat brif/$p/designated_port)" = $(($(cat brif/$p/port_id))) ] && role=Designated
  elif [ $(($(cat brif/$p/port_no))) = "$(cat bridge/root_port)" ]; then
    role=Root
  fi
  case $(cat brif/$p/state) in
    2) does=Learning ;;
    3) does=Forwarding ;;
    *) does=Discarding ;; # disabled, listening, blocking
  esac
  echo "$p $role $does"
done
echo "root $(cat bridge/root_id) of bridge $(cat bridge/bridge_id), at a cost of $(cat bridge/root_path_cost)"
echo "hello $(cat bridge/hello_time) max-age $(cat bridge/max_age) forward-delay $(cat bridge/forward_delay)"
