#!/usr/bin/env bash
# labels: plain
# ended.sh: what ends a run from outside while it goes on: a second signal while the first one is served, a folder that may no longer be written, a disk that
# is full. In each case the checkpoint before stays whole and a run goes on from it. (Kills at any moment, RLIMIT_FSIZE: resume.sh.)
source "$(dirname "$0")/../common.sh"
need_nnc
cd "$work"
build() { "$NNC" "$1.lua" -o "$1.c" && build_c gcc -O1 "$1.c" "$1" || die "$1 does not build"; }

# ---- a step of minutes: the first signal waits for its end, the second does not ----
cat >slow.lua <<'LUA'
local nn = require "nn"
local w = nn.parameter({ 8 }, 1)
local slow = nn.func { function()
  local x = nn.while_loop(function(c) return c.n:lt(2000000000) end, function(c) return { n = c.n + 1, x = c.x * 0.999 + 0.001 } end, { n = 0, x = nn.value(w) })
  nn.assign(w, x.x)
  return { sum = x.x:sum() }
end }
return nn.program { name = "slow", model = { w = w }, slow = slow, run = { steps = 3, step = slow } }
LUA
build slow
alive() { kill -0 "$1" 2>/dev/null; }
seconds() { date +%s; }
second() { # second FIRST SECOND CODE
  local code=0 began pid
  rm -f c c.*
  ./slow --quiet --threads 1 --checkpoint c 2>err &
  pid=$!
  for _ in $(seq 100); do [ "$(sed -n 's/^State:\t\(.\).*/\1/p' /proc/$pid/status 2>/dev/null)" = R ] && grep -q '^SigCgt:.*[2367abef]$' /proc/$pid/status && break; sleep 0.05; done
  sleep 0.2 # it prepares what takes no time
  kill -"$1" $pid
  sleep 0.5
  alive $pid || fail "$1: the step was not let to its end"
  began=$(seconds)
  kill -"$2" $pid
  { wait $pid; } 2>/dev/null || code=$?
  [ $code = "$3" ] && [ $(($(seconds) - began)) -le 2 ] || fail "$1, then $2: exit code $code after $(($(seconds) - began)) seconds: $(cat err)"
  [ ! -e c ] || fail "$1, then $2: a checkpoint of an unfinished step"
}
set -m # else the shell has its programs ignore SIGINT
second INT INT 130
second TERM TERM 143
second INT TERM 143
set +m

# ---- where checkpoints can no longer be written: exit code 1, the one before is whole, and a run from it is the run that never stopped ----
cat >steady.lua <<'LUA'
local nn = require "nn"
local net = nn.Linear(64, 64)
local train = nn.train { loss = function() return (net(nn.random.normal { 8, 64 }) ^ 2):mean() end, optimizer = nn.Adam { net } }
return nn.program { name = "steady", model = net, train = train, steps = nn.hyper("steps", 1000000000) }
LUA
build steady
goes_on() { # goes_on WHAT CHECKPOINT
  local steps
  steps=$(grep -ao '"nnrt.steps":"[0-9]*' "$2" | grep -o '[0-9]*$') || { fail "$1: there is no checkpoint" && return; }
  ./steady --quiet --checkpoint gone --resume "$2" --steps $((steps + 10)) && ./steady --quiet --checkpoint straight --steps $((steps + 10)) || fail "$1: it does not go on"
  cmp -s gone straight || fail "$1: from step $steps on it is another run"
  echo "$1: whole at step $steps"
}
# closes WHAT MESSAGE CLOSE AS…: a run of AS… that writes shut/c, while it goes on CLOSE is done
closes() {
  local code=0 pid
  rm -f shut/*
  "${@:4}" ./steady --quiet --threads 1 --checkpoint shut/c --checkpoint-every 50 2>err &
  pid=$!
  for _ in $(seq 100); do [ -f shut/c.1 ] || sleep 0.05; done
  for _ in $(seq 100); do $3 2>/dev/null && break || sleep 0.01; done # in the middle of a checkpoint a file system is busy
  wait $pid || code=$?
  [ $code = 1 ] && grep -q "shut/c: cannot be written: $2" err || fail "$1: exit code $code: $(cat err)"
  [ ! -e shut/c.new ] || [ "$2" = "Read-only file system" ] || [ "$2" = "Permission denied" ] || fail "$1: shut/c.new stays"
  goes_on "$1" shut/c
}
mkdir shut
as=()
if [ "$(id -u)" = 0 ]; then chown 65534 shut && as=(setpriv --reuid 65534 --clear-groups); fi
if "${as[@]}" test -x steady 2>/dev/null; then
  closes "a folder that is shut" "Permission denied" "chmod 555 shut" "${as[@]}"
  chmod 755 shut
else
  echo "a folder that is shut: left out, user 65534 cannot run programs in $PWD"
fi

# A file system of our own, which only these commands see; where the kernel gives none, this is left out.
spaces=(unshare -m)
[ "$(id -u)" = 0 ] || spaces=(unshare -rm)
if "${spaces[@]}" mount -t tmpfs none shut 2>/dev/null; then
  export -f closes goes_on fail
  export failures
  "${spaces[@]}" bash -c '
    mount -t tmpfs -o size=1m none shut
    closes "a file system that becomes read-only" "Read-only file system" "mount -o remount,ro shut"
    umount shut && mount -t tmpfs -o size=80k none shut # room for one checkpoint of 50 KB
    code=0
    ./steady --quiet --checkpoint shut/c --checkpoint-every 50 2>err || code=$?
    [ $code = 1 ] && grep -q "shut/c: cannot be written: No space left on device" err || fail "a disk that is full: exit code $code: $(cat err)"
    [ ! -e shut/c.new ] || fail "a disk that is full: shut/c.new stays"
    goes_on "a disk that is full" shut/c
    exit $((failures > 0))' || failures=$((failures + 1))
else
  echo "a disk that is full, one that becomes read-only: left out, there are no file systems of our own here"
fi
finish
