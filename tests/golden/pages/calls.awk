# calls.awk: how a call of defaults.txt stands in a model that begins with defaults.lua; what defaults.awk and tests/errors/misuse.awk share. k numbers the calls.
function line_of(call, use, k) {
  if (use == "") return "program.f" k " = nn.func { mode = \"train\", function() return outputs(" call ") end }"
  if (use == "source") return "program.data.s" k " = " call "; program.f" k " = nn.func { on = \"s" k "\", mode = \"train\", function(b) return outputs(b.x * 1.0) end }"
  if (use == "func") return "program.f" k " = " call
  if (use == "act") return "steps[#steps + 1] = " call
  return "made[" k "] = " call "; program.f" k " = nn.func { mode = \"train\", function() local _ = made[" k "] return outputs(" use ") end }"
}
FILENAME ~ /defaults\.txt$/ { if (/^nn\./) rows[substr($0, 1, index($0, "|") - 1)] = $0; next }
