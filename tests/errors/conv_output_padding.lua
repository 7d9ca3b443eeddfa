-- EXPECT: ConvTranspose2d: output_padding 2 must be smaller than the stride 2 or the dilation 1
-- LINE: 4
local nn = require "nn"
local net = nn.ConvTranspose2d(3, 4, 3, { stride = 2, output_padding = 2 })
