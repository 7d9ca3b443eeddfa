-- text.lua: tokens in and out: the prompt turned round, in characters beyond ASCII too.
local nn = require "nn"
local data = nn.data.table { x = { 0, 1 }, vocabulary = nn.arg("vocabulary", "abcdeä€ ") }
local turn = nn.func { inputs = { prompt = nn.input({ 6 }, "i32", 2) }, function(i)
  return { back = i.prompt:reverse(1), both = nn.stack({ i.prompt, i.prompt:reverse(1) }, 1), number = i.prompt:cast "f32" / 2 }
end }
return nn.program { name = "text", data = { some = data }, turn = turn,
  run = { steps = 1, step = { { turn, write = { back = "-", both = "both.txt", number = "number.txt" } }, { turn, inputs = { prompt = "bäd" }, write = { back = "-" } } } } }
