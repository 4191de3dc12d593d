#!/bin/busybox sh
# The first process of flakey_disk_test.py's virtual machine. Runs the rounds of /plan, a line each,
# on ext4 on a device that can fail (dm-flakey on vda); what came of them goes to vdb, as a tar.
#
#   cut SECONDS         the power goes so long after the first receipt: writes are dropped from then
#   start SECONDS       the same after the start, so that it meets the recovery
#   error SECONDS       every write fails, until the log is poisoned; then a new mount
#   restart SECONDS     the same, with a start before the new mount, on what the page cache shows

RECEIPTS=20 # of a start that is to show that the log can be continued

finish() {
  echo "PORTCULLIS $*"
  tar cf /dev/vdb -C / out mnt
  sync
  poweroff -f
}

table() {
  case $1 in
    pass) echo "0 $sectors linear /dev/vda 0" ;;
    *) echo "0 $sectors flakey /dev/vda 0 0 1 1 $1" ;;
  esac
}

# Nothing that the file system still holds back may reach the device on the way.
switch_to() {
  dmsetup suspend --nolockfs --noflush log &&
    dmsetup load log --table "$(table "$1")" &&
    dmsetup resume log || finish "failed: cannot switch to $1"
}

wait_for() { # SECONDS COMMAND...
  tries=$(($1 * 50))
  shift
  until "$@"; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || finish "failed: round $round: waited for $*: $(tail -n 3 "$errors")"
    sleep 0.02
  done
}

start_writer() {
  receipts=/out/$round.receipts
  errors=/out/$round.errors
  LD_PRELOAD=$preload log_writer /mnt/log /keys > "$receipts" 2> "$errors" &
  writer=$!
}

# INVARIANT: what counts as held was printed before the device began to fail.
cut() {
  sleep "$1"
  held=$(wc -l < "$receipts")
  switch_to drop_writes
  sleep 0.2
  kill -9 "$writer"
  wait "$writer"
  lied=$(($(wc -l < "$receipts") - held))
  head -n "$held" "$receipts" > /out/"$round".held
  rm "$receipts"
  wait_for 20 umount /mnt
  switch_to pass
  said="$held receipts held, $lied more from a device that lied"
}

# An I/O error takes nothing back, so every receipt counts, whenever it was printed.
fail_writes() {
  sleep "$1"
  before=$(wc -l < "$receipts")
  switch_to error_writes
  wait_for 30 grep -q poisoned "$errors"
  switch_to pass
  wait "$writer"
  ended=$?
  [ $ended = 70 ] || finish "failed: round $round: the writer ended with $ended: $(cat "$errors")"
  mv "$receipts" /out/"$round".held
  said="$(wc -l < /out/"$round".held) receipts held, $before of them before the errors; $(
    sed -n 's/.*poisoned: //p' "$errors")"
}

restart_on_page_cache() {
  if log_writer /mnt/log /keys $RECEIPTS >> /out/"$round".held 2> /out/"$round".cached; then
    said="$said; continued without a new mount"
  elif grep -q "Read-only file system" /out/"$round".cached; then
    said="$said; read-only until a new mount"
  else
    finish "failed: round $round: no start without a new mount: $(cat /out/"$round".cached)"
  fi
}

mount_anew() {
  echo 3 > /proc/sys/vm/drop_caches
  mount -t ext4 /dev/mapper/log /mnt || finish "failed: round $round: cannot mount"
}

check() {
  log_writer /mnt/log /keys $RECEIPTS >> /out/"$round".held 2> /out/"$round".restart ||
    finish "failed: round $round ($said): no restart: $(cat /out/"$round".restart)"
  torn=$(cat /out/"$round".restart /out/"$round".cached 2> /dev/null |
    grep -o "torn write of [0-9]* bytes")
  portcullis audit verify /mnt/log --public-key /keys/signing.pub --escrow-key /keys/escrow.pem \
    > /out/"$round".verify 2>&1
  verdict=$?
  [ $verdict = 3 ] ||
    finish "failed: round $round ($said): verify ended with $verdict: $(cat /out/"$round".verify)"
}

run_round() { # KIND SECONDS
  start_writer
  [ "$1" = start ] || wait_for 60 test -s "$receipts"
  case $1 in
    cut | start) cut "$2" ;;
    error | restart) fail_writes "$2" ;;
  esac
  [ "$1" != restart ] || restart_on_page_cache
  ! grep -q " /mnt " /proc/mounts || wait_for 20 umount /mnt
  mount_anew
  check
  echo "PORTCULLIS round $round: $1 after $2 s: $said; ${torn:+$torn; }restarted, verified"
}

/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
export DM_DISABLE_UDEV=1
while read -r module; do insmod "/modules/$module" || echo "PORTCULLIS no $module"; done < /modules/order
sectors=$(blockdev --getsz /dev/vda)
round=0
dmsetup create log --table "$(table pass)" || finish "failed: no device mapper"
mount_anew
mkdir /mnt/log
sync
while read -r kind seconds; do
  round=$((round + 1))
  run_round "$kind" "$seconds"
done < /plan
finish "done"
