-- digit_strings.lua: reading strings of digits without being told where each one stands: CTC (Graves et al. 2006). The functions that train and
-- evaluate a net [N,…] -> log probabilities [T,N,blank + 1], for digits_ctc.lua and spoken_digits.lua. strings(b) gives what is read, its
-- lengths, labels [N,most] and their number, times(length) how many of the T count. `errors` are edits (Levenshtein) per digit.
local nn = require "nn"
local beam = nn.arg("beam", 4)

return function(c) -- c: net, strings, times, blank, lr
  local function loss(b)
    local seen, length, labels, count = c.strings(b)
    return nn.ctc_loss(c.net(seen), labels, c.times(length), count, { blank = c.blank })
  end
  -- Greedily and with beams
  local function errors(b)
    local seen, length, labels, count = c.strings(b)
    local scores, times = c.net(seen), c.times(length)
    local function rate(decoded, lengths) return nn.edit_distance(decoded, lengths, labels, count):sum() / count:sum():cast "f32" end
    local beams, lengths = nn.ctc_beam_decode(scores, times, { blank = c.blank, beam_width = beam })
    return rate(nn.ctc_greedy_decode(scores, times, { blank = c.blank })), rate(beams:select(2, 1), lengths:select(2, 1))
  end
  return nn.train { on = "train", loss = loss, optimizer = nn.Adam { c.net, lr = nn.cosine(nn.hyper("lr", c.lr)) }, clip_norm = 5 },
    nn.evaluate {
      on = "test", loss = loss, greedy_errors = function(b) return (errors(b)) end,
      beam_errors = function(b) return (select(2, errors(b))) end,
    }
end
