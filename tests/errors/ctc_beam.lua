-- EXPECT: nn.ctc_beam_decode: 'beam_width' must be a whole number of at least 1, not 0
-- LINE: 4
local nn = require "nn"
local labels = nn.ctc_beam_decode(nn.zeros { 6, 2, 5 }, nil, { beam_width = 0 })
