# snippets.awk: the Lua of a page as model files: awk -v out=PREFIX -f snippets.awk PAGE writes PREFIX1.lua … and prints their names with the page's line.
#
# A ```lua block that ends in `return nn.program` is a file as it stands. Another one is put at the top of a file, or, where its first comment begins with
# `-- in a function`, into one. In a table whose second heading is `nnc`, every piece of code of the second column is compiled, all rows in one function;
# one that begins with `-- top:` goes to the top of the file. `<!-- setup`, lines, `-->` give the block or table behind them what it speaks of; a setup stays
# for the page when it begins with `<!-- setup page`.
BEGIN { # what the function gives out: a comparison that nobody uses would be an error
  keep = "local kept, count = { zero = 0 }, 0\nlocal function keep(...)\n  for _, v in pairs { ... } do\n" \
         "    if type(v) == \"userdata\" then count = count + 1; kept[\"y\" .. count] = v end\n  end\nend\n"
}
function finish() {
  if (!open_file) return
  printf "%s%s", top, inner == "" ? "" : "program.probe = nn.func { mode = \"train\", function()\n" inner "return kept\nend }\n" >file
  if (!whole) printf "%s", "program.other = program.other or nn.func { function() return { zero = 0 } end }\nprogram.run = { steps = 1, step = \"other\" }\nreturn nn.program(program)\n" >file
  close(file)
  printf "%s %d\n", file, line
  open_file = 0
}
function begin(is_whole) {
  file = out (++count) ".lua"; line = FNR; open_file = 1; whole = is_whole; inner = ""; top = ""
  if (!whole) top = "local nn = require \"nn\"\nlocal program = { data = { rows = nn.data.table { x = { { 1.0, 1.0, 1.0, 1.0 } }, y = { 0 } } } }\n" keep page setup
  setup = ""
}
function add(code) { # one piece of a table
  gsub(/\\\|/, "|", code)
  if (sub(/^-- top: */, "", code)) top = top "do local _ = { " code " } end\n"
  else if (code ~ /^(local|for|if) / || code ~ /^[A-Za-z_.0-9\]\[]+ = /) inner = inner "do " code " end\n"
  else inner = inner "keep(" code ")\n"
}
/^<!-- setup/ { in_setup = 1; for_page = /page/; next }
in_setup && /^-->/ { in_setup = 0; next }
in_setup { if (for_page) page = page $0 "\n"; else setup = setup $0 "\n"; next }
/^```lua/ { in_block = 1; block = ""; next }
in_block && /^```/ {
  in_block = 0
  if (block ~ /return nn\.program/) { begin(1); if (block !~ /require "nn"/) block = "local nn = require \"nn\"\n" block; top = block }
  else { begin(0); if (block ~ /^-- in a function/) inner = block; else top = top block }
  finish()
  next
}
in_block { block = block $0 "\n"; next }
/^\|/ {
  split($0, cells, /[^\\]\|/)
  if (!table) { table = $0 ~ /^\| *PyTorch *\| *nnc *\| *\|/ ? 1 : 2; if (table == 1) begin(0); next }
  if (table == 2 || /^\|[-|]*$/) next
  cell = substr($0, 2); gsub(/\\\|/, "\001", cell); sub(/^[^|]*\|/, "", cell); sub(/\|.*/, "", cell); gsub(/\001/, "|", cell)
  while (match(cell, /`[^`]*`/)) { add(substr(cell, RSTART + 1, RLENGTH - 2)); cell = substr(cell, RSTART + RLENGTH) }
  next
}
table { if (table == 1) finish(); table = 0 }
END { finish() }
