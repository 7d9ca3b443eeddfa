# library.awk: docs/library.md from the LuaLS annotations of compiler/front/prelude: one entry a public function, grouped by file.
#   awk -f docs/library.awk FILES >docs/library.md        (POSIX awk; ./dev regen does it: tests/golden/generated.sh, the .d.lua files last)
# NAME.d.lua holds the annotations of what NAME.lua makes in loops, base.d.lua, tensor.d.lua and movement.d.lua those of the core, which is
# written in C, types.d.lua the classes.
#
# What it reads: `--- text`, `---@param name? type text`, `---@return type text`, `---@class`, `---@field name? type text`,
# `---@alias`, then `function nn.name(…)` or `function methods.name(…)` (also a method of every tensor), and, in .d.lua alone,
# `nn.name = nn.other -- what is different`. What may be left out has its default in backticks in front of its text.
# An argument whose type is a class ending in Options is shown with the fields of that class.
# With -v defaults=1 it prints, for tests/golden/defaults.sh, one line a function: its name, what a call must have behind the arguments without a
# default, and what it may have there with every default written out; FIELDS stands for a table's own fields. With -v types=1 it prints, for
# tests/errors/misuse.sh, the type of every argument and option.
# It ends with exit code 1 and lines `file:line: what` where an annotation is missing or does not fit.

function wrong(text) { printf "%s:%d: %s\n", FILENAME, FNR, text >"/dev/stderr"; failed = 1 }

function forget() { text = ""; nparam = 0; nreturn = 0; open_class = "" }

# The type at the beginning of s: brackets and quotes belong together; rest is what follows it
function take_type(s,    i, c, depth, quoted) {
  depth = 0; quoted = 0
  for (i = 1; i <= length(s); i++) {
    c = substr(s, i, 1)
    if (c == "\"") quoted = !quoted
    else if (quoted) continue
    else if (c ~ /[({<[]/) depth++
    else if (c ~ /[)}>\]]/) depth--
    else if (c == " " && depth == 0 && substr(s, i - 1, 1) != ":" && substr(s, i - 1, 1) != ",") break
  }
  rest = substr(s, i + 1)
  return substr(s, 1, i - 1)
}

# The default in backticks at the beginning of s; rest is the text behind it
function take_default(s,    n) {
  rest = s
  if (substr(s, 1, 1) != "`") return ""
  n = index(substr(s, 2), "`")
  rest = substr(s, n + 2)
  sub(/^[,:;]? */, "", rest)
  return substr(s, 1, n + 1)
}

# "name? type text" -> field_name, field_type, field_default, field_text
function take_field(s, what,    optional) {
  field_name = s; sub(/ .*/, "", field_name)
  s = substr(s, length(field_name) + 2)
  optional = sub(/\?$/, "", field_name)
  field_type = take_type(s)
  field_default = optional ? take_default(rest) : ""
  field_text = rest
  if (optional && field_default == "") wrong(what " " field_name " may be left out and has no default in backticks")
  if (field_type == "") wrong(what " " field_name " has no type")
}

function group_of(file) { sub(/.*\//, "", file); sub(/\.d\.lua$/, "", file); sub(/\.lua$/, "", file); return file }

FNR == 1 { forget(); group = group_of(FILENAME); declared = FILENAME ~ /\.d\.lua$/; heading = 1 }
heading && /^-- / { # the head comment's first sentence is the group's title
  line = $0; sub(/^-- */, "", line); sub(/^[a-z_.]*\.lua: /, "", line)
  title_of[FILENAME] = title_of[FILENAME] (title_of[FILENAME] == "" ? "" : " ") line
  next
}
heading && !/^---@meta/ { heading = 0; if (!(group in title) || !declared) title[group] = title_of[FILENAME] }

/^---@param / {
  take_field(substr($0, 11), "the argument")
  nparam++; param[nparam] = field_name; type[nparam] = field_type; usual[nparam] = field_default; about[nparam] = field_text
  next
}
/^---@return / {
  nreturn++; result[nreturn] = take_type(substr($0, 12)); sub(/^# */, "", rest); result_text[nreturn] = rest
  next
}
/^---@class / {
  line = substr($0, 11); open_class = line; sub(/[: ].*/, "", open_class)
  base[open_class] = ""
  if (match(line, /^[A-Za-z.0-9_]+: *[A-Za-z.0-9_]+/)) { base[open_class] = substr(line, 1, RLENGTH); sub(/^[^:]*: */, "", base[open_class]); line = substr(line, RLENGTH + 1) }
  else sub(/^[^ ]*/, "", line)
  sub(/^ */, "", line)
  if (text != "" || line != "") class_text[open_class] = text (text == "" || line == "" ? "" : " ") line
  if (!(open_class in fields)) { fields[open_class] = 0; class_list[++nclass] = open_class }
  text = ""; next
}
/^---@field / {
  if (open_class == "") { wrong("a field outside of a class"); next }
  take_field(substr($0, 11), "the field")
  n = ++fields[open_class]; k = open_class SUBSEP n
  fname[k] = field_name; ftype[k] = field_type; fusual[k] = field_default; ftext[k] = field_text
  next
}
/^---@alias / {
  line = substr($0, 11); name = line; sub(/ .*/, "", name)
  alias_list[++nalias] = name; alias_type[name] = take_type(substr(line, length(name) + 2)); alias_text[name] = rest
  text = ""; next
}
/^---@/ { next }
/^---/ { line = $0; sub(/^--- ?/, "", line); text = text (text == "" ? "" : (line ~ /^[-*] / || line == "" ? "\n" : " ")) line; next }

function check_arguments(name, list,    given, n, i) {
  gsub(/[ )]/, "", list)
  n = list == "" ? 0 : split(list, given, ",")
  if (n != nparam) { wrong(name " has " n " arguments and " nparam " annotations"); return }
  for (i = 1; i <= n; i++) if (given[i] != param[i]) wrong(name "'s argument " i " is " given[i] ", its annotation says " param[i])
}

function add_entry(name, method,    i, k) {
  if (name in entry) { wrong(name " has an entry already"); return }
  if (text == "") wrong(name " has no annotation")
  entry[name] = group; order[++nentry] = name; is_method[name] = method; described[name] = text
  params[name] = nparam; returns[name] = nreturn
  for (i = 1; i <= nparam; i++) { k = name SUBSEP i; pname[k] = param[i]; ptype[k] = type[i]; pusual[k] = usual[i]; ptext[k] = about[i] }
  for (i = 1; i <= nreturn; i++) { k = name SUBSEP i; rtype[k] = result[i]; rtext[k] = result_text[i] }
}

/^function (nn|methods|core\.methods)[.:]/ {
  line = $0; sub(/^function /, "", line)
  name = line; sub(/\(.*/, "", name)
  arguments = substr(line, length(name) + 2); sub(/\).*/, "", arguments)
  method = sub(/^(core\.)?methods[.:]/, "nn.", name)
  check_arguments(name, arguments)
  add_entry(name, method)
  forget(); next
}
declared && /^(nn|methods)\.[A-Za-z0-9_.]+ = (nn|methods)\.[A-Za-z0-9_.]+ -- / {
  name = $1; other = $3
  method = sub(/^methods\./, "nn.", name); sub(/^methods\./, "nn.", other)
  line = $0; sub(/^[^-]* -- /, "", line)
  if (!(other in entry)) { wrong(name " is like " other ", which has no entry before it"); next }
  text = "As [`" other "`](#" other "): " line
  nparam = params[other]; nreturn = returns[other]
  for (i = 1; i <= nparam; i++) { k = other SUBSEP i; param[i] = pname[k]; type[i] = ptype[k]; usual[i] = pusual[k]; about[i] = ptext[k] }
  for (i = 1; i <= nreturn; i++) { k = other SUBSEP i; result[i] = rtype[k]; result_text[i] = rtext[k] }
  add_entry(name, method)
  like[name] = other
  forget(); next
}
{ forget() }

# ---- printing ----

# GitHub's anchor of a heading: lower case, letters, digits, - and _; equal ones are numbered in the order of the page
function anchor_of(name,    a) { a = tolower(name); gsub(/[^a-z0-9_-]/, "", a); return a }

function cell(s) { gsub(/\|/, "\\|", s); return s }
function typed(s) { return s == "" ? "" : "`" cell(s) "`" }

function sort_names(list, n,    i, j, v) { # by letters without regard to case
  for (i = 2; i <= n; i++) {
    v = list[i]
    for (j = i - 1; j >= 1 && (tolower(list[j]) > tolower(v) || (tolower(list[j]) == tolower(v) && list[j] > v)); j--) list[j + 1] = list[j]
    list[j + 1] = v
  }
}

function row(name, t, usual, s) { return "| `" name "` | " typed(t) " | " cell(usual) " | " cell(with_links(s)) " |\n" }

# The rows of a class's fields, those of what it is based on first
function field_rows(c, prefix,    out, i, k) {
  out = base[c] != "" ? field_rows(base[c], prefix) : ""
  for (i = 1; i <= fields[c]; i++) { k = c SUBSEP i; out = out row(prefix fname[k], ftype[k], fusual[k], ftext[k]) }
  return out
}

function is_options(t) { return t ~ /^nn\.[A-Za-z0-9]+Options$/ }

function signature(name, method,    out, i, k, first) {
  first = 1; out = name "("
  if (method) { first = 2; out = pname[name SUBSEP 1] ":" substr(name, 4) "(" }
  for (i = first; i <= params[name]; i++) {
    k = name SUBSEP i
    out = out (i > first ? ", " : "") pname[k] (pusual[k] != "" ? "?" : "")
  }
  return out ")"
}

function with_links(s,    out, name) { # `[`nn.x`](#nn.x)` to the heading's anchor
  out = ""
  while (match(s, /\]\(#nn\.[A-Za-z0-9_.]+\)/)) {
    name = substr(s, RSTART + 3, RLENGTH - 4)
    if (!(name in anchor)) { printf "library.awk: a link to %s, which has no entry\n", name >"/dev/stderr"; failed = 1 }
    out = out substr(s, 1, RSTART - 1) "](#" anchor[name] ")"
    s = substr(s, RSTART + RLENGTH)
  }
  return out s
}

function print_entry(name,    i, k, rows, gives) {
  printf "\n### %s\n`%s`", name, signature(name, 0)
  if (is_method[name]) printf " · `%s`", signature(name, 1)
  for (i = 1; i <= returns[name]; i++) printf "%s`%s`", i == 1 ? " → " : ", ", rtype[name SUBSEP i]
  printf "\n\n%s\n", with_links(described[name])
  if (name in like) return
  rows = ""
  for (i = 1; i <= params[name]; i++) {
    k = name SUBSEP i
    rows = rows row(pname[k], ptype[k], pusual[k], ptext[k])
    if (is_options(ptype[k])) {
      if (!(ptype[k] in fields)) { printf "library.awk: %s: there is no class %s\n", name, ptype[k] >"/dev/stderr"; failed = 1 }
      rows = rows field_rows(ptype[k], pname[k] ".")
    }
  }
  if (rows != "") printf "\n| argument | type | default | |\n|---|---|---|---|\n%s", rows
  gives = ""
  for (i = 1; i <= returns[name]; i++) { k = name SUBSEP i; if (rtext[k] != "") gives = gives (gives == "" ? "" : "; ") rtext[k] }
  if (gives != "") printf "\nGives: %s\n", with_links(gives)
}

# ---- defaults as Lua ----

# A default's text as an expression; those that stand for a distribution or a place of the machine are left out
function as_lua(s) {
  gsub(/`/, "", s)
  if (s == "--float") return "\"f32\""
  if (s ~ /^[UN]\(|\//&& s !~ /^"/ && s !~ / \/ /) return "nil"
  return s
}

function fields_as_lua(c,    out, i, k) {
  out = base[c] != "" ? fields_as_lua(base[c]) : ""
  for (i = 1; i <= fields[c]; i++) { k = c SUBSEP i; if (fusual[k] != "") out = out ", " fname[k] " = " as_lua(fusual[k]) }
  return out
}

function print_defaults(name,    i, k, needed, tail, value) {
  needed = ""; tail = ""
  for (i = 1; i <= params[name]; i++) {
    k = name SUBSEP i
    if (is_options(ptype[k])) {
      value = fields_as_lua(ptype[k]); sub(/^, /, "", value)
      tail = tail ", { " value (value == "" ? "" : ", ") "FIELDS }"
      if (pusual[k] == "") needed = ", { FIELDS }"
    } else if (pusual[k] != "") tail = tail ", " as_lua(pusual[k])
  }
  if (tail != "") printf "%s\t%s\t%s\n", name, needed, tail
}

# One line for each argument and option: the function, the argument's number, the option or -, the type
function print_types(name,    i, j, k, c) {
  for (i = 1; i <= params[name]; i++) {
    k = name SUBSEP i
    if (!is_options(ptype[k])) { printf "%s\t%d\t-\t%s\n", name, i, ptype[k]; continue }
    printf "%s\t%d\t?\t%s\n", name, i, ptype[k]
    for (c = ptype[k]; c != ""; c = base[c]) for (j = 1; j <= fields[c]; j++) printf "%s\t%d\t%s\t%s\n", name, i, fname[c, j], ftype[c, j]
  }
}

END {
  if (types) { for (e = 1; e <= nentry; e++) print_types(order[e]); exit failed }
  if (defaults) { for (e = 1; e <= nentry; e++) print_defaults(order[e]); exit failed }
  ngroup = 0
  for (g in title) groups[++ngroup] = g
  sort_names(groups, ngroup)
  for (i = 1; i <= ngroup; i++) for (e = 1; e <= nentry; e++) if (entry[order[e]] == groups[i]) {
    a = anchor_of(order[e]); n = seen[a]++
    anchor[order[e]] = n ? a "-" n : a
    sorted[++nsorted] = order[e]
  }
  sort_names(sorted, nsorted)
  print "# The library, function by function\n"
  print "Made by `./dev regen` (docs/library.awk) from the annotations in `compiler/front/prelude/`; how things work together is told in [language.md](language.md)."
  print "Shapes stand in brackets, `[B, C, H, W]`; `[..]` is any number of dimensions. Dimensions and ends of slices count from 1, -1 is the last; numbers in tensors (labels,"
  print "indices, tokens) count from 0. `x:f(…)` is a method of every tensor and state. An argument with a default may be left out; `nil` says that it then has no effect.\n"
  print "## Index\n"
  letter = ""
  for (i = 1; i <= nsorted; i++) {
    short = substr(sorted[i], 4); first = toupper(substr(short, 1, 1))
    if (first != letter) { printf "%s**%s**", letter == "" ? "" : "\n\n", first; letter = first }
    printf " [%s](#%s)", short, anchor[sorted[i]]
  }
  print "\n"
  print "## Types\n"
  for (i = 1; i <= nalias; i++) printf "- `%s` = `%s`%s\n", alias_list[i], alias_type[alias_list[i]], alias_text[alias_list[i]] == "" ? "" : ": " with_links(alias_text[alias_list[i]])
  for (i = 1; i <= nclass; i++) {
    c = class_list[i]
    if (is_options(c) || (class_text[c] == "" && fields[c] == 0)) continue
    printf "\n### type %s\n%s\n", c, with_links(class_text[c])
    if (fields[c]) printf "\n| field | type | default | |\n|---|---|---|---|\n%s", field_rows(c, "")
  }
  for (i = 1; i <= ngroup; i++) {
    any = 0
    for (e = 1; e <= nentry; e++) if (entry[order[e]] == groups[i]) {
      if (!any++) printf "\n## %s\n%s\n", groups[i], title[groups[i]]
      print_entry(order[e])
    }
  }
  exit failed
}
