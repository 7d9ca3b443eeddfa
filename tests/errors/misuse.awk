# misuse.awk: calls with one thing wrong. awk -f tests/golden/pages/calls.awk -f misuse.awk tests/golden/pages/defaults.txt TYPES, TYPES being what docs/library.awk
# -v types=1 prints; gives a line a call: the function, what is wrong, and a line of Lua for the model.

# A value that is of none of the types; "" where there is no such value
function wrong_value(type) {
  if (type ~ /any|\.\.\./) return ""
  if (type ~ /number|integer|nn\.Rate/) return "\"wrong\""
  if (type ~ /nn\.Tensor/) return "print"
  return "7"
}

# The arguments in s, split at commas outside of brackets, to list; how many
function split_arguments(s, list,    i, c, depth, n) {
  n = 0; depth = 0; list[1] = ""
  for (i = 1; i <= length(s); i++) {
    c = substr(s, i, 1)
    if (c ~ /[({]/) depth++
    if (c ~ /[)}]/) depth--
    if (c == "," && depth == 0) { list[++n + 1] = ""; continue }
    list[n + 1] = list[n + 1] c
  }
  return s == "" ? 0 : n + 1
}

function print_case(name, at, option, type,    list, n, i, value, call, parts) {
  value = option == "?" ? "print" : wrong_value(type)
  if (value == "" || !(name in rows)) return
  split(rows[name], parts, "|")
  n = split_arguments(parts[2], list)
  for (i = n + 1; i <= at; i++) list[i] = "nil"
  if (option == "unknown") { list[at] = "{ " parts[3] "wrongly = 1 }" }
  else list[at] = option == "-" || option == "?" ? value : "{ " parts[3] option " = " value " }"
  if (n < at) n = at
  if (option == "-" && parts[3] != "" && at < n + 1 && (name in options_at) && options_at[name] > n) { list[++n] = "{ " parts[3] " }" }
  call = name "("
  for (i = 1; i <= n; i++) call = call (i > 1 ? ", " : "") list[i]
  printf "%s\t%s\t%s\n", name, option == "-" ? "argument " at : option == "?" ? "options" : option, line_of(call ")", parts[4], 1)
}

{ count++; split($0, cells, "\t"); names[count] = cells[1]; places[count] = cells[2]; options[count] = cells[3]; types[count] = cells[4] }
cells[3] == "?" { options_at[cells[1]] = cells[2] }
END {
  for (k = 1; k <= count; k++) {
    if (names[k] ~ /[13]d$/ || options[k] ~ /^\[/) continue # one, two and three dimensions are one function
    print_case(names[k], places[k], options[k], types[k])
    if (options[k] == "?") print_case(names[k], places[k], "unknown", "string")
  }
}
