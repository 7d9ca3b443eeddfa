-- EXPECT: nn.Muon's adjust_lr: no mode 'rms'
-- LINE: 4
local nn = require "nn"
local opt = nn.Muon { nn.Linear(2, 2), adjust_lr = "rms" }
