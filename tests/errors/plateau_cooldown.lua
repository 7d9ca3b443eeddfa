-- EXPECT: nn.plateau: 'cooldown' must be a whole number of at least 0, not 0.5
local nn = require "nn"
local p, watched = nn.parameter({ 2 }, 1), nn.buffer({}, 0)
local opt = nn.SGD { p, lr = 0.1 }
local plateau = nn.plateau { watch = watched, optimizer = opt, cooldown = 0.5 }
