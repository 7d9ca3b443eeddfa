---@meta
-- data.d.lua: the two sets whose four files have known names.

---@class nn.MnistOptions: nn.SourceOptions
---@field split? "train"|"test" `"train"`: 60,000 rows, or 10,000
---@field dir? string `data/mnist`; of Fashion-MNIST where Debian's package dataset-fashion-mnist puts it; `--data NAME=PATH` of the built program replaces the files

--- MNIST: `b.x` floats 0 to 1 [batch, 1, 28, 28], `b.y` i32 [batch], 10 classes; files train-images-idx3-ubyte.gz … in `dir`.
---@param options? nn.MnistOptions `{}`
---@return nn.Source
function nn.data.mnist(options) end
nn.data.fashion_mnist = nn.data.mnist -- Fashion-MNIST (Xiao et al. 2017), in /usr/share/datasets/fashion-mnist
