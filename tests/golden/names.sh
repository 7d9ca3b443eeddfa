#!/usr/bin/env bash
# labels: plain
# names.sh: functions of a model may have the names of functions of the C library: what is emitted compiles, with the runtime beside it and in it. Two seconds.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
need_nnc
cat >"$work/model.lua" <<'LUA'
local nn = require "nn"
local p = nn.parameter({ 3 }, 1)
local program, order = { name = "names", model = { p } }, {}
for i, name in ipairs { "remainder", "gamma", "signal", "time", "read", "sync", "remove", "y0", "fmodf", "ceill", "round", "hypot", "link", "strdup", "index" } do
  program[name] = nn.func { function() return { y = (p * i):sum() } end }
  order[i] = program[name]
end
program.run = { steps = 1, step = order }
return nn.program(program)
LUA
"$NNC" "$work/model.lua" -o "$work/a.c" && build_c gcc -O0 "$work/a.c" "$work/a" || fail "with the runtime beside it: it does not build"
"$NNC" "$work/model.lua" --standalone -o "$work/b.c" && gcc -fsyntax-only "$work/b.c" || fail "with the runtime in it: it does not compile"
finish
