-- EXPECT: --standalone gives one file that needs no library, and the source train needs libpng and libjpeg (Debian: libpng-dev, libjpeg-dev), for nn.data.images
-- LINE: 6
-- ARGS: @ --standalone -o standalone.c
local nn = require "nn"
local w = nn.parameter({}, 0.5)
local images = nn.data.images { folder = "images", size = 8 }
return nn.program { name = "m", model = { w = w }, data = { train = images },
                    train = nn.train { on = "train", loss = function(b) return (b.x * w):mean() end, optimizer = nn.SGD { w, lr = 0.1 } } }
