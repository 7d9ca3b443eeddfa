# defaults.awk: awk -f calls.awk -f defaults.awk defaults.txt DEFAULTS, the latter being what docs/library.awk -v defaults=1 prints: a line of Lua for each function
# with defaults. The call without them and the one with all of them stand on one line, so that places in the graph are equal.
function joined(arguments, more, fields) {
  gsub(/FIELDS/, fields, more)
  more = arguments more
  sub(/^, /, "", more)
  return more
}
BEGIN { FS = "\t" }
{
  nothing = $3; gsub(/FIELDS|[a-z_]+ = nil|nil|[{}, ]/, "", nothing)
  if ($1 == "nn.program" || nothing == "") next # the frame of it all; no default but nil
  if (!($1 in rows)) { printf "%s has defaults and no row in tests/golden/pages/defaults.txt\n", $1 >"/dev/stderr"; exit failed = 1 }
  split(rows[$1], parts, "|")
  print line_of("(function() if written then return " $1 "(" joined(parts[2], $3, parts[3]) ") else return " $1 "(" joined(parts[2], $2, parts[3]) ") end end)()", parts[4], ++count) " -- " $1
}
END { exit failed }
